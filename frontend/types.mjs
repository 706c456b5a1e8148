// Writes the types of the API from the contract that tests/api/contract.rs keeps true; with `--check` it only compares.
import { readFileSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const SNAPSHOT = new URL("../tests/api/snapshots/api__contract__the_contract_changes_only_on_purpose.snap", import.meta.url);
const TYPES = new URL("src/api/schema.gen.d.ts", import.meta.url);

const snapshot = readFileSync(SNAPSHOT, "utf8");
const document = JSON.parse(snapshot.slice(snapshot.indexOf("\n{")));
const types = `// Made by \`npm run types\` from the API's contract.\n\n${astToString(await openapi(document))}`;
if (!process.argv.includes("--check")) writeFileSync(TYPES, types);
else if (readFileSync(TYPES, "utf8") !== types) {
  console.error("src/api/schema.gen.d.ts is not of this contract: npm run types");
  process.exitCode = 1;
}
