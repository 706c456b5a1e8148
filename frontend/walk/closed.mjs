// At a daemon that asks everybody who they are, and from which things are taken away: signing in and out, a login that ends in the
// middle, the database, the connection, and what somebody sees who does not see all.
import * as away from "./away.mjs";
import { arrived, expect, expecting, look, settled, ways, open, SIZES } from "./browser.mjs";

/** What a browser says by itself of answers that are refused, and of connections that are cut. */
const expected = /status of (401|403)|net::ERR_/;

/** Walks; whoever started it does what `please` asks for, before it goes on. */
export async function walk(origin, folder, please) {
  const signsIn = { ignoreHTTPSErrors: true, also: ["https://localhost:"], expected };
  const all = await ways(origin, signsIn);
  const each = (visit) => Promise.all(all.map(visit));
  const seen = (name) => Promise.all(all.map(({ way, page }) => look(page, folder, `${name}-${way}`)));

  // Nobody sees anything, signs in, and is where they wanted to be.
  await please("an operator comes");
  await each(async ({ page }) => {
    await page.goto(`${origin}/unions?state=held`);
    await page.getByRole("link", { name: "Sign in with your account" }).waitFor();
  });
  await seen("sign-in");
  await each(async ({ page }) => {
    await enter(page);
    await arrived(page, "Unions");
    expect(page.url() === `${origin}/unions?state=held`, `after signing in: at ${page.url()}`);
  });
  await all[0].page.getByText("Operator, all unions").waitFor();
  await seen("signed-in");

  // The database goes: what was read stays, what was not says why not.
  await each(({ page }) => page.goto(`${origin}/unions`).then(() => page.getByRole("status").getByText("Live").waitFor()));
  await each(({ page }) => page.getByRole("link", { name: "acme", exact: true }).waitFor());
  all.forEach(({ page }) => expecting(page, /status of 503/));
  await please("database away");
  await each(({ page }) => page.getByText("The database is away").waitFor());
  await each(({ page }) => page.getByRole("link", { name: "acme", exact: true }).waitFor());
  await seen("database-away");
  await each(async ({ page }) => {
    await page.getByRole("link", { name: "Revisions" }).filter({ visible: true }).first().click();
    await page.getByText(/^request /).first().waitFor();
  });
  await seen("error");
  await please("database back");
  await each(({ page }) => page.getByText("The database is away").waitFor({ state: "detached" }));
  await each(({ page }) => page.getByRole("table", { name: "Revisions" }).waitFor());
  all.forEach(({ page }) => expecting(page, undefined));

  await away.cluster(origin, please, all, seen);
  await away.answer(origin, please, all, seen);
  await each(async ({ page }) => {
    await page.goto(`${origin}/revisions`);
    await page.getByRole("status").getByText("Live").waitFor();
    await page.getByRole("table", { name: "Revisions" }).waitFor();
  });

  // The connection is cut: the page says so, keeps what it has, and follows again by itself.
  await please("connection away");
  await each(({ page }) => page.getByText(/^Connection lost/).waitFor());
  await each(({ page }) => page.getByRole("table", { name: "Revisions" }).waitFor());
  await seen("connection-lost");
  await please("connection back");
  await each(async ({ page }) => {
    await page.getByRole("button", { name: "Try now" }).click({ timeout: 1_000 }).catch(() => {});
    await page.getByText(/^Connection lost/).waitFor({ state: "detached" });
  });

  // The login ends in the middle: the data leaves the screen, and whoever signs in again is back.
  await please("everybody out");
  await each(async ({ page }) => {
    await page.getByRole("link", { name: "Diagnostics" }).filter({ visible: true }).first().click();
    await page.getByText("Your sign-in is over.").waitFor();
    expect(!(await page.locator("body").innerText()).includes("acme"), "a login that is over leaves data on the screen");
  });
  await seen("login-over");
  await each(async ({ page }) => {
    await enter(page);
    await page.getByRole("region", { name: "meadow" }).waitFor();
    expect(page.url() === `${origin}/diagnostics`, `after signing in again: at ${page.url()}`);
  });

  // Two tabs: who signs out in one is out in the other.
  const [{ page, tab }] = all;
  const other = await tab();
  await other.goto(`${origin}/unions`);
  await settled(other);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await other.keyboard.press("g");
  await other.keyboard.press("d");
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await Promise.all(all.map(({ context }) => context.close()));

  await viewers(origin, folder, please, signsIn);
}

/** To the identity provider, which does not hesitate, and back. */
async function enter(page) {
  await page.getByRole("link", { name: "Sign in with your account" }).click();
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("main").locator("h1").waitFor();
}

/** A page that somebody sees who sees acme alone tells nothing of other unions. */
async function others(page) {
  const text = await page.locator("body").innerText();
  for (const hidden of ["harbour", "northside", "meadow"]) expect(!text.includes(hidden), `${page.url()} tells a viewer of acme of ${hidden}`);
}

/** Who sees one union sees no name, number or page of another; who sees none is told how that changes. */
async function viewers(origin, folder, please, signsIn) {
  await please("a viewer comes");
  const visit = async ({ way, context, page }) => {
    await page.goto(origin);
    await enter(page);
    await settled(page);
    await look(page, folder, `viewer-${way}`);
    await others(page);
    expecting(page, /status of 404/);
    await page.goto(`${origin}/unions/harbour`);
    await settled(page);
    await look(page, folder, `viewer-other-union-${way}`);
    expecting(page, undefined);
    await page.goto(`${origin}/audit`);
    await settled(page);
    await others(page);
    await look(page, folder, `viewer-audit-${way}`);
    await context.close();
  };
  await Promise.all((await ways(origin, signsIn)).map(visit));
  await please("a stranger comes");
  const { context, page } = await open(origin, { viewport: SIZES.wide, ...signsIn });
  await page.goto(origin);
  await enter(page);
  await arrived(page, "No union is yours to see");
  await look(page, folder, "stranger");
  await context.close();
}
