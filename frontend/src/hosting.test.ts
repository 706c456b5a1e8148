// What other servers of the page say with it is what the daemon says, but for where the API may be.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** As it is written in Rust, where a line may go on below. */
const POLICY = /CONTENT_SECURITY_POLICY,\s*HeaderValue::from_static\(\s*"([^"]+)"/
  .exec(read("src/api/page.rs"))?.[1]
  ?.replaceAll(/\\\n\s*/g, "");
const KEPT = "public, max-age=31536000, immutable";

test.each([
  ["nginx.conf", ""],
  ["_headers", " https://keyforge.example"],
  ["netlify.toml", " https://keyforge.example"],
  ["vercel.json", " https://keyforge.example"],
  // eslint-disable-next-line no-template-curly-in-string -- CloudFormation's
  ["cloudfront.yaml", " ${Daemon}"],
])("%s has the policy of the daemon", (name, api) => {
  const file = read(`deploy/dashboard/${name}`);
  expect(file).toContain(`"${POLICY?.replace("connect-src 'self'", `connect-src 'self'${api}`)}"`.slice(name === "_headers" ? 1 : 0, name === "_headers" ? -1 : undefined));
  for (const header of ["Cross-Origin-Opener-Policy", "nosniff|ContentTypeOptions", "Referrer-?Policy", "Strict-?Transport-?Security"]) expect(file).toMatch(new RegExp(header));
  if (name !== "cloudfront.yaml") expect(file).toContain(KEPT);
});

test("a path of the daemon is never the page's, wherever that comes from", () => {
  const others = /OTHERS: \[&str; \d+\] = \[([^\]]+)\]/.exec(read("src/api/page.rs"))?.[1]?.match(/\w+/g);
  expect(read("deploy/dashboard/nginx.conf")).toContain(`^/(${others?.join("|")})(/|$)`);
});
