// What pages show while something that they need is away: the config repo, the cluster, or an answer that does not come.
import { expecting, look, settled, ways } from "./browser.mjs";

/** At the daemon that follows the config repo: it is there, and then nobody can read it. */
export async function git(origin, folder, please) {
  await please("git away");
  const all = await ways(origin, {});
  const visit = async ({ way, page }) => {
    await page.goto(origin);
    await settled(page);
    await page.getByText(/^Git cannot be reached/).waitFor();
    await look(page, folder, `git-away-${way}`);
  };
  await Promise.all(all.map(visit));
  await please("git back");
  await Promise.all(all.map(({ context }) => context.close()));
}

/** What needs the cluster says why there is nothing, and all else stays. */
export async function cluster(origin, please, all, seen) {
  const told = await please("cluster away");
  // A cluster that was given is not taken away.
  if (told === "not ours") return;
  if (told !== "done") throw new Error(`the cluster was not taken away: ${told}`);
  const visit = async ({ page }) => {
    expecting(page, /status of 503/);
    await page.goto(`${origin}/unions/hollow`);
    await page.getByText(/^The cluster is away/).waitFor();
    await page.getByRole("region", { name: "Plan" }).getByText(/^request /).waitFor();
    await page.getByRole("region", { name: "Timeline" }).getByRole("listitem").first().waitFor();
  };
  await Promise.all(all.map(visit));
  await seen("cluster-away");
  await please("cluster back");
  all.forEach(({ page }) => expecting(page, undefined));
}

/** Rows of grey where an answer is waited for, and the answer in their place. */
export async function answer(origin, please, all, seen) {
  await Promise.all(
    all.map(async ({ page }) => {
      await page.goto(`${origin}/unions/hollow`);
      await settled(page);
      await page.getByRole("navigation", { name: "You are here" }).getByRole("link", { name: "Unions" }).click();
      await page.getByRole("link", { name: "meadow", exact: true }).waitFor();
    }),
  );
  await please("connection silent");
  await Promise.all(
    all.map(async ({ page }) => {
      await page.getByRole("link", { name: "meadow", exact: true }).click();
      await page.locator(".sk").first().waitFor();
    }),
  );
  await seen("loading");
  await please("connection back");
  await Promise.all(all.map(({ page }) => page.getByRole("heading", { level: 1, name: "Meadow" }).waitFor()));
}
