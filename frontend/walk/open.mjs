// Through every page of a daemon that asks nobody who they are, about what there is: one union in each state among them.
import { COLOURS, SIZES, arrived, expect, expecting, faults, look, open, settled } from "./browser.mjs";

/** What the first page may weigh, compressed, in bytes (design.md §8). */
const FIRST_PAGE = 150_000;

/** Pages about what is not there, or was not yesterday. */
const ABSENT = /^(no-|society-(before|compared))/;

/** Whether something stands inside of the window. */
const isSeen = (place) =>
  place.evaluate((it) => {
    const { top, bottom } = it.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });

/** The address of each kind of page. */
async function addresses(origin) {
  const json = async (path) => {
    const answer = await fetch(`${origin}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };
  const unions = (await json("/api/v1/unions")).items;
  const union = unions.find(({ societies, state }) => societies > 0 && state === "current") ?? unions[0];
  const [society] = (await json(`/api/v1/unions/${union.name}/societies`)).items;
  const [deployment] = (await json("/api/v1/deployments")).items;
  const revisions = (await json("/api/v1/revisions")).items;
  const [revision] = revisions;
  const ways = await Promise.all(revisions.map(({ commit }) => json(`/api/v1/revisions/${commit}`)));
  const way = ways.find(({ items }) => items.length > 0);
  const pages = {
    overview: "/",
    unions: "/unions",
    "unions-found": `/unions?search=${union.name}`,
    "unions-none": "/unions?search=no-such-union",
    plan: `/unions/${union.name}/plan`,
    resources: `/unions/${union.name}/resources`,
    societies: `/unions/${union.name}/societies`,
    "union-deployments": `/unions/${union.name}/deployments`,
    fields: `/unions/${union.name}/fields`,
    deployments: "/deployments",
    deployment: `/deployments/${deployment.id}`,
    revisions: "/revisions",
    revision: `/revisions/${revision.commit}`,
    // As a forge's status links to it.
    "revision-union": `/revisions/${way.commit.slice(0, 7)}?union=${way.items.at(-1).union}`,
    "no-revision": "/revisions/0000000",
    diagnostics: "/diagnostics",
    audit: "/audit",
    access: "/audit/access",
    "access-union": `/audit/access?union=${union.name}`,
    "union-logs": `/unions/${union.name}/logs`,
    drift: "/unions/acme/drift",
    "drift-none": `/unions/${union.name}/drift?outcome=kept`,
    timeline: "/unions/acme/timeline",
    "no-union": "/unions/no-such-union",
    "no-deployment": "/deployments/00000000-0000-7000-8000-000000000000",
    "no-page": "/no/such/page",
  };
  for (const { name, state } of unions) pages[`union-${state}`] ??= `/unions/${name}`;
  const worst = unions.find(({ state }) => state === "failed");
  if (worst !== undefined) pages["union-logs-failed"] = `/unions/${worst.name}/logs`;
  if (society !== undefined) {
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    pages.society = `/unions/${union.name}/societies/${society.name}`;
    pages["society-compared"] = `${pages.society}?vs=${yesterday}`;
    pages["society-before"] = `${pages.society}?at=${yesterday}`;
    pages["access-compared"] = `${pages["access-union"]}&vs=${yesterday}`;
  }
  return { union, pages, worst };
}

/** Walks, and tells how many pages it saw. */
export async function walk(origin, folder) {
  const { union, pages, worst } = await addresses(origin);

  await Promise.all(
    Object.entries(SIZES).map(async ([size, viewport]) => {
      const { context, page } = await open(origin, { viewport });
      for (const [name, path] of Object.entries(pages)) {
        expecting(page, ABSENT.test(name) ? /status of 404/ : undefined);
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(`${origin}${path}`);
        await settled(page);
        if (name === "unions" && worst !== undefined) await page.locator("[data-row]").first().getByRole("link", { name: worst.name, exact: true }).waitFor();
        if (name === "revision-union") expect(await isSeen(page.locator("tr[aria-current]")), "a revision does not open at the union of its link");
        await look(page, folder, `${name}-${size}-light`);
        await page.emulateMedia({ colorScheme: "dark" });
        await look(page, folder, `${name}-${size}-dark`, COLOURS);
      }
      await context.close();
    }),
  );
  await firstPage(origin);
  await map(origin, folder);
  await keyboard(origin, folder, union);
  await offline(origin, folder, union);
  return Object.keys(pages).length;
}

/** The first page and nothing more. */
async function firstPage(origin) {
  const { context, page } = await open(origin, { viewport: SIZES.wide });
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

/** The map names the mark that is pointed at, and leads to it. */
async function map(origin, folder) {
  const { context, page } = await open(origin, { viewport: SIZES.wide });
  await page.goto(origin);
  const marks = page.getByRole("img", { name: /unions in order of name/ });
  await page.locator("canvas[data-drawn]").waitFor();
  await marks.hover({ position: { x: 5, y: 5 } });
  await page.locator(".tip").getByText("acme").waitFor();
  await look(page, folder, "map");
  await marks.click({ position: { x: 5, y: 5 } });
  await page.waitForURL("**/unions/acme");
  await context.close();
}

/** By keyboard alone: the palette, a tab, the filter, a row, and back. */
async function keyboard(origin, folder, union) {
  const { context, page } = await open(origin, { viewport: SIZES.wide });
  await page.goto(origin);
  await settled(page);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await look(page, folder, "keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill(union.name);
  await page.getByRole("option", { name: union.name }).first().waitFor();
  await look(page, folder, "palette");
  await page.keyboard.press("Enter");
  await arrived(page, union.displayName);
  await page.keyboard.press("]");
  await page.getByRole("region", { name: "Plan" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  await arrived(page, "Unions");
  await page.keyboard.press("/");
  await page.keyboard.type(union.name);
  await page.getByText(`matching “${union.name}”`).waitFor();
  await page.waitForURL(`**/unions?search=${union.name}`);
  await page.keyboard.press("Escape");
  await page.waitForURL("**/unions");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "You are here" }).getByRole("link", { name: "Unions" }).waitFor();
  const left = new URL(page.url()).pathname;
  await page.keyboard.press("u");
  await arrived(page, "Unions");
  await page.waitForFunction((path) => document.activeElement?.matches(`[data-row] a[href="${path}"]`), left);
  await context.close();
}

/** A browser that goes offline keeps what it showed, says how old it is, and follows again by itself. */
async function offline(origin, folder, union) {
  const { context, page } = await open(origin, { viewport: SIZES.wide });
  await page.goto(`${origin}/unions`);
  await page.getByRole("status").getByText("Live").waitFor();
  expecting(page, /ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await page.getByText("This browser is offline.").waitFor();
  await page.getByRole("link", { name: union.name, exact: true }).waitFor();
  await look(page, folder, "offline");
  await context.setOffline(false);
  await page.getByText("This browser is offline.").waitFor({ state: "detached" });
  await context.close();
}
