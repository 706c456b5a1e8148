// The browser that walks, and what it finds fault with: what axe says, a message of the console, a report of the policy, a request to
// anybody else, a dialog that a script of somebody else opens, a page that scrolls sideways.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Far above what anything takes, so that only a fault meets it. */
const DEADLINE = 60_000;
export const COLOURS = { type: "rule", values: ["color-contrast"] };
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** Of a page that is longer only what is in sight is kept, in pixels. */
const LONGEST_PICTURE = 16_000;

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** All that was found, told at the end. */
export const faults = [];

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** What the console of a page may say at this step, beside what is expected of it throughout. */
const now = new WeakMap();
export const expecting = (page, what) => (what === undefined ? now.delete(page) : now.set(page, what));

/** A page at this site whose every fault is told; of others it may ask `also`, and its console may say what is `expected`. */
export async function open(origin, { also = [], expected = /^$/, ...options } = {}) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const tab = async () => {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    const at = () => new URL(page.url()).pathname;
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`));
    });
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && !now.get(page)?.test(message.text()) && !expected.test(message.text()) && faults.push(`${at()}: console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`${at()}: ${error}`));
    page.on("dialog", (dialog) => (faults.push(`${at()}: a script of somebody else ran: ${dialog.message()}`), dialog.dismiss()));
    page.on("request", (request) => [origin, ...also].some((one) => request.url().startsWith(one)) || faults.push(`${at()}: asks ${request.url()}`));
    return page;
  };
  return { context, tab, page: await tab() };
}

/** Such a page in each size and theme. */
export async function ways(origin, options) {
  const all = Object.entries(SIZES).flatMap(([size, viewport]) => ["light", "dark"].map((colorScheme) => ({ way: `${size}-${colorScheme}`, viewport, colorScheme })));
  return Promise.all(all.map(async ({ way, ...own }) => ({ way, ...(await open(origin, { ...own, ...options })) })));
}

/** Until nothing of the page is waited for. */
export const settled = (page) => page.waitForFunction(() => document.querySelector("h1") !== null && document.querySelector(".sk") === null);

/** Until the page under this heading is there: the address is there before it. */
export async function arrived(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  await settled(page);
}

/** Finds fault with a page as it is now, and keeps its picture; of one that was looked at in other colours, with these alone. */
export async function look(page, folder, name, runOnly = { type: "tag", values: RULES }) {
  if (!now.has(page) && (await page.locator(".empty.bad").count()) > 0) faults.push(`${name}: ${await page.locator(".empty.bad").first().innerText()}`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => window.axe.run({ runOnly }), runOnly);
  for (const { id, nodes } of violations) faults.push(`${name}: axe: ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${name}: ${wide} px wider than the screen`);
  mkdirSync(folder, { recursive: true });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: height < LONGEST_PICTURE });
}

/** Notes it if something is not as it should be. */
export function expect(is, what) {
  if (!is) faults.push(what);
}
