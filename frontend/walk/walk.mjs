// Walks through the dashboard of a running daemon in a real browser, as people would: every page, in both themes, wide and on a
// phone. Fails on what axe finds, on a message of the console, a report of the policy, a request to anybody else, a page that
// scrolls sideways, and a first page that weighs too much.
//
//   node walk/walk.mjs URL FOLDER      the screens are kept in FOLDER
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
if (url === undefined || folder === undefined) throw new Error("usage: walk.mjs URL FOLDER");
const origin = new URL(url).origin;
mkdirSync(folder, { recursive: true });

/** What the first page may weigh, compressed, in bytes (design.md §8). */
const FIRST_PAGE = 150_000;
/** Far above what anything takes, so that only a fault meets it. */
const DEADLINE = 60_000;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const faults = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page whose every fault is told. */
async function open(options) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  const at = () => new URL(page.url()).pathname;
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`));
  });
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && !isExpected(message.text()) && faults.push(`${at()}: console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`${at()}: ${error}`));
  page.on("request", (request) => request.url().startsWith(origin) || faults.push(`${at()}: asks ${request.url()}`));
  return { context, page };
}

/** What a browser says by itself about a page or an answer that is not there. */
const isExpected = (text) => /status of (404|503)|ERR_INTERNET_DISCONNECTED/.test(text);

/** Until nothing of the page is waited for. */
const settled = (page) => page.waitForFunction(() => document.querySelector("h1") !== null && document.querySelector(".sk") === null);

/** Until the page under this heading is there: the address is there before it. */
async function arrived(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  await settled(page);
}

async function look(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), RULES);
  for (const { id, nodes } of violations) faults.push(`${name}: axe: ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${name}: ${wide} px wider than the screen`);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

async function json(path) {
  const answer = await fetch(`${origin}${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Every kind of page, about what there is. */
async function pages() {
  const unions = (await json("/api/v1/unions")).items;
  const union = unions.find(({ societies }) => societies > 0) ?? unions[0];
  const [society] = (await json(`/api/v1/unions/${union.name}/societies`)).items;
  const [deployment] = (await json("/api/v1/deployments")).items;
  const [revision] = (await json("/api/v1/revisions")).items;
  const gone = unions.find(({ state }) => state === "tombstone");
  const found = {
    overview: "/",
    unions: "/unions",
    "unions-found": `/unions?search=${union.name}`,
    "unions-none": "/unions?search=no-such-union",
    union: `/unions/${union.name}`,
    plan: `/unions/${union.name}/plan`,
    resources: `/unions/${union.name}/resources`,
    societies: `/unions/${union.name}/societies`,
    "union-deployments": `/unions/${union.name}/deployments`,
    fields: `/unions/${union.name}/fields`,
    deployments: "/deployments",
    deployment: `/deployments/${deployment.id}`,
    revisions: "/revisions",
    revision: `/revisions/${revision.commit}`,
    diagnostics: "/diagnostics",
    audit: "/audit",
    "no-union": "/unions/no-such-union",
    "no-page": "/no/such/page",
  };
  if (society !== undefined) found.society = `/unions/${union.name}/societies/${society.name}`;
  if (gone !== undefined) found.tombstone = `/unions/${gone.name}`;
  return { union, found };
}

let seen = 0;
try {
  const { union, found } = await pages();
  seen = Object.keys(found).length;

  for (const [size, viewport] of Object.entries(SIZES))
    for (const colorScheme of ["light", "dark"]) {
      const { context, page } = await open({ viewport, colorScheme });
      for (const [name, path] of Object.entries(found)) {
        await page.goto(`${origin}${path}`);
        await settled(page);
        await look(page, `${name}-${size}-${colorScheme}`);
      }
      await context.close();
    }

  // The first page and nothing more.
  {
    const { context, page } = await open({ viewport: SIZES.wide });
    const weights = [];
    page.on("requestfinished", (request) => weights.push(request.url().includes("/assets/") || request.resourceType() === "document" ? request.sizes().then(({ responseBodySize }) => responseBodySize) : 0));
    await page.setExtraHTTPHeaders({ "accept-encoding": "gzip" });
    await page.goto(origin);
    await settled(page);
    const weight = (await Promise.all(weights)).reduce((sum, one) => sum + one, 0);
    if (weight > FIRST_PAGE) faults.push(`the first page weighs ${weight} bytes, allowed are ${FIRST_PAGE}`);
    console.log(`first page: ${(weight / 1_000).toFixed(1)} kB`);
    await context.close();
  }

  // By keyboard alone: the palette, a tab, the filter, a row, and back.
  {
    const { context, page } = await open({ viewport: SIZES.wide });
    await page.goto(origin);
    await settled(page);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await look(page, "keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(union.name);
    await page.getByRole("option", { name: union.name }).first().waitFor();
    await look(page, "palette");
    await page.keyboard.press("Enter");
    await arrived(page, union.displayName);
    await page.keyboard.press("]");
    await page.getByRole("region", { name: "Plan" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("u");
    await arrived(page, "Unions");
    await page.keyboard.press("/");
    await page.keyboard.type(union.name);
    await page.getByText(`with “${union.name}”`).waitFor();
    await page.waitForURL(`**/unions?search=${union.name}`);
    await page.keyboard.press("Escape");
    await page.waitForURL("**/unions");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "You are here" }).getByRole("link", { name: "Unions" }).waitFor();
    await page.keyboard.press("u");
    await arrived(page, "Unions");
    await context.close();
  }

  // A browser that goes offline keeps what it showed, says how old it is, and follows again by itself.
  {
    const { context, page } = await open({ viewport: SIZES.wide });
    await page.goto(`${origin}/unions`);
    await page.getByRole("status").getByText("Live").waitFor();
    await context.setOffline(true);
    await page.getByText("This browser is offline.").waitFor();
    await page.getByRole("link", { name: union.name, exact: true }).waitFor();
    await look(page, "offline");
    await context.setOffline(false);
    await page.getByText("This browser is offline.").waitFor({ state: "detached" });
    await context.close();
  }
} catch (error) {
  // What was found until then is told too.
  faults.push(String(error));
}

await browser.close();
if (faults.length > 0) {
  console.error([...new Set(faults)].join("\n"));
  process.exitCode = 1;
} else console.log(`${seen} pages in two themes and two sizes: no fault; screens in ${folder}`);
