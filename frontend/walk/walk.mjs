// Walks through the dashboard in a real browser, as people would: every page, in both themes, wide and on a phone.
//
//   node walk/walk.mjs FOLDER OPEN [CLOSED ELSEWHERE]
//
// OPEN is a daemon that asks nobody who they are; CLOSED asks everybody, and whoever starts the walk takes away from it what the walk
// asks for: a line `please …` on standard output, answered by a line. ELSEWHERE is another site, whose pages CLOSED lets read along.
// The screens are kept in FOLDER.
import { createInterface } from "node:readline";
import * as away from "./away.mjs";
import { browser, faults } from "./browser.mjs";
import * as closed from "./closed.mjs";
import * as elsewhere from "./elsewhere.mjs";
import * as open from "./open.mjs";

const [folder, ...urls] = process.argv.slice(2);
if (folder === undefined || urls.length === 0) throw new Error("usage: walk.mjs FOLDER OPEN [CLOSED ELSEWHERE]");
const [atOpen, atClosed, atElsewhere] = urls.map((url) => new URL(url).origin);

const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function please(what) {
  console.log(`please ${what}`);
  return (await heard.next()).value;
}

let seen = 0;
try {
  seen = await open.walk(atOpen, folder);
  if (atElsewhere !== undefined) {
    await away.git(atOpen, folder, please);
    await closed.walk(atClosed, folder, please);
    await elsewhere.walk(atElsewhere, atClosed, folder, please);
  }
} catch (error) {
  // What was found until then is told too.
  faults.push(String(error));
}
await browser.close();
process.stdin.destroy();
if (faults.length > 0) {
  console.error([...new Set(faults)].join("\n"));
  process.exitCode = 1;
} else console.log(`${seen} pages in two themes and two sizes, and their bad days: no fault; screens in ${folder}`);
