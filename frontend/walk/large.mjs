// Through the dashboard of a very large fleet: scrolls all the way, searches, opens the palette, points at the map, and measures how long
// the browser was busy at a time. Apart from the walk of CI, whose machine says nothing of time.
//
//   node walk/large.mjs FOLDER URL
import { browser, expect, faults, look, open, settled, SIZES } from "./browser.mjs";

const [folder, url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: large.mjs FOLDER URL");
const origin = new URL(url).origin;

/** A task that is longer keeps somebody waiting who scrolls (decisions.md 5), in milliseconds. */
const LONGEST = 50;
/** The first page, as somebody sees it, in milliseconds (design.md §10). */
const FIRST_PAINT = 1_000;
/** What it may weigh with all that it asks for, compressed, in bytes. */
const FIRST_PAGE = 150_000;
/** So many rows of a long list are drawn at most. */
const MOST_ROWS = 60;
/** Far above what it takes to scroll through all, in milliseconds. */
const DEADLINE = 240_000;
/** One turn of a wheel in a hurry: all that is in sight goes. */
const TURN = 900;

const { total } = await fetch(`${origin}/api/v1/unions?limit=1`).then((answer) => answer.json());

/** The tasks of the page's own thread in a trace, by the time that they took of a processor: what others did on this machine is not in it. */
function work(events) {
  const threads = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ ph, name, pid, tid }) => ph === "X" && name === "ThreadControllerImpl::RunTask" && threads.has(`${pid} ${tid}`)).map(({ tdur = 0 }) => tdur / 1_000);
}

/** How long the browser was busy at a time while this was done. What counts is the page's own work; how long that took on a machine
    that has other work too is told beside it. */
async function busy(page, what, doing) {
  await page.evaluate(() => {
    window.tasks = [];
    window.watched?.disconnect();
    window.watched = new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration)));
    window.watched.observe({ entryTypes: ["longtask"] });
  });
  const tracing = await browser.newBrowserCDPSession();
  const events = [];
  tracing.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await tracing.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel"] }, transferMode: "ReportEvents" });
  const start = Date.now();
  await doing();
  const took = (Date.now() - start) / 1_000;
  const told = new Promise((done) => tracing.once("Tracing.tracingComplete", done));
  await tracing.send("Tracing.end");
  await told;
  await tracing.detach();
  const longest = Math.max(0, ...work(events));
  const seen = await page.evaluate(() => [...window.tasks, ...window.watched.takeRecords().map(({ duration }) => duration)]);
  console.log(`${what}: ${took.toFixed(1)} s, the longest task ${longest.toFixed(0)} ms of work; ${seen.length} were seen to take over ${LONGEST} ms${seen.length > 0 ? `, at most ${Math.max(...seen)} ms` : ""}`);
  expect(longest > 0 && longest <= LONGEST, `${what}: a task took ${longest.toFixed(0)} ms of work`);
}

/** What is asked for until the first page stands still, and when it was painted first. */
async function first(page, size) {
  const weights = [];
  page.on("requestfinished", (request) => request.url().endsWith("/events") || weights.push(request.sizes().then(({ responseBodySize }) => responseBodySize)));
  await page.goto(origin);
  await page.locator("canvas[data-drawn]").waitFor();
  await settled(page);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  const weight = (await Promise.all(weights)).reduce((sum, one) => sum + one, 0);
  console.log(`${size}: first paint after ${paint.toFixed(0)} ms; all that the first page asks for weighs ${(weight / 1_000).toFixed(1)} kB`);
  expect(paint > 0 && paint < FIRST_PAINT, `${size}: the first paint took ${paint} ms`);
  expect(weight < FIRST_PAGE, `${size}: the first page weighs ${weight} bytes`);
}

/** The list, which draws what is in sight and little more. */
function list(page) {
  const rows = page.locator("tbody tr[data-row]");
  return {
    drawn: () => rows.count(),
    /** Its last drawn row, counted from the head. */
    at: async () => Number(await rows.last().getAttribute("aria-rowindex")),
    still: () => page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null),
  };
}

async function scroll(page, size) {
  const { drawn, at, still } = list(page);
  let most = 0;
  await busy(page, `${size}: scrolling through all unions`, async () => {
    const { width, height } = page.viewportSize();
    await page.mouse.move(width / 2, height / 2);
    const end = Date.now() + DEADLINE;
    while ((await at()) <= total) {
      if (Date.now() > end) throw new Error(`${size}: the end of the list did not come within ${DEADLINE / 1_000} s`);
      await page.mouse.wheel(0, TURN);
      await still();
      most = Math.max(most, await drawn());
    }
  });
  expect(most <= MOST_ROWS, `${size}: ${most} rows were drawn at once`);
}

async function end(page, size) {
  const { drawn, at, still } = list(page);
  await busy(page, `${size}: to the end by its key, and back`, async () => {
    await page.keyboard.press("End");
    await page.locator(`tr[aria-rowindex="${total + 1}"]`).waitFor();
    await still();
    expect((await at()) === total + 1 && (await drawn()) <= MOST_ROWS, `${size}: ${await drawn()} rows at the end`);
    await page.keyboard.press("Home");
    await page.locator(`tr[aria-rowindex="2"]`).waitFor();
  });
  await page.keyboard.press("End");
  await page.locator(`tr[aria-rowindex="${total + 1}"]`).waitFor();
  await look(page, folder, `end-${size}`);
}

async function find(page, size) {
  await busy(page, `${size}: searching`, async () => {
    await page.locator("[data-filter]").focus();
    await page.keyboard.type("vault-777", { delay: 30 });
    await page.getByText("matching “vault-777”").waitFor();
    await settled(page);
  });
  await look(page, folder, `found-${size}`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await busy(page, `${size}: the palette`, async () => {
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog");
    await palette.getByRole("combobox").pressSequentially("union-0777", { delay: 30 });
    await palette.getByRole("option", { name: "union-07770" }).waitFor();
  });
  await look(page, folder, `palette-${size}`);
  await page.keyboard.press("Escape");
}

try {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const { context, page } = await open(origin, { viewport, expected: /status of 503/ });
    await first(page, size);
    await look(page, folder, `overview-${size}`);
    const map = page.getByRole("img", { name: /unions in order of name/ });
    const { width, height } = await map.boundingBox();
    await busy(page, `${size}: pointing at the map`, async () => {
      for (let at = 1; at < 20; at += 1) await map.hover({ position: { x: (width * at) / 20, y: height / 2 } });
      await page.locator(".tip").getByText("union-").waitFor();
    });
    await page.goto(`${origin}/unions`);
    await settled(page);
    await end(page, size);
    await page.reload();
    await settled(page);
    await scroll(page, size);
    await page.evaluate(() => scrollTo(0, 0));
    await find(page, size);
    await context.close();
  }
} catch (error) {
  faults.push(String(error));
}
await browser.close();
if (faults.length > 0) {
  console.error([...new Set(faults)].join("\n"));
  process.exitCode = 1;
}
