// What comes into the program must be under a licence that crates may be under too.
import { readFileSync } from "node:fs";

const rules = readFileSync(new URL("../.cargo/deny.toml", import.meta.url), "utf8");
const allowed = new Set([...(/\nallow = \[([^\]]*)\]/.exec(rules)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, licence]) => licence));
const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
for (const [path, { license, dev }] of Object.entries(packages)) {
  if (dev === true || allowed.has(license)) continue;
  console.error(`${path || "the dashboard"}: ${license ?? "no licence"} is not among the licences of .cargo/deny.toml`);
  process.exitCode = 1;
}
