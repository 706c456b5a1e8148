import type { AnyRoute } from "@tanstack/react-router";
import { expect, test, vi } from "vitest";

// What the page takes from its browser while it is read.
vi.useFakeTimers();
vi.stubGlobal("localStorage", { getItem: () => null });
vi.stubGlobal("location", { origin: "https://keyforge.example" });
vi.stubGlobal("document", { documentElement: { dataset: {} } });
const { routeTree } = await import("./routes");

/** Each path below a route, with what of an address it takes. */
function paths(route: AnyRoute, above: string, asked: Record<string, unknown>): string[] {
  const own = "path" in route.options && typeof route.options.path === "string" ? route.options.path : "";
  const path = `${above}${own}`.replace(/\/\//, "/");
  const children = Object.values<AnyRoute>(route.children ?? {});
  const kept = Object.entries(route.options.validateSearch?.(asked) ?? {}).filter(([, value]) => value !== undefined);
  const told = `${path || "/"}${kept.length === 0 ? "" : ` ? ${kept.map(([name, value]) => `${name}=${String(value)}`).join(" ")}`}`;
  return [...(children.length === 0 || route.options.component !== undefined ? [told] : []), ...children.flatMap((child) => paths(child, path === "/" ? "" : path, asked))];
}

test("these pages there are, and this of an address they take", () => {
  const asked = {
    state: "held",
    search: "north",
    sort: "name",
    only: "waiting",
    drift: true,
    waits: true,
    at: "2026-03-01",
    vs: "2026-02-01",
    since: "2026-02-01",
    until: "2026-03-01",
    member: "ana@acme.example",
    password: "bank",
    union: "acme",
    level: "warn",
    line: "12",
    commit: "4be19c7",
    outcome: "put-back",
    kind: "drift",
    reason: "push",
    severity: "error",
    code: "unknown-field",
    file: "unions/acme/union.yaml",
    author: "ana",
    path: "unions/acme",
  };
  expect(paths(routeTree, "", asked).join("\n")).toMatchInlineSnapshot(`
    "/
    /
    /unions ? state=held search=north sort=name
    /unions/$union
    /unions/$union/
    /unions/$union/plan ? only=waiting
    /unions/$union/resources ? drift=true search=north
    /unions/$union/societies ? waits=true search=north
    /unions/$union/fields
    /unions/$union/deployments
    /unions/$union/drift ? outcome=put-back since=2026-02-01
    /unions/$union/timeline ? kind=drift since=2026-02-01 until=2026-03-01
    /unions/$union/logs
    /unions/$union/societies/$society ? at=2026-03-01 vs=2026-02-01 member=ana@acme.example password=bank
    /deployments ? union=acme reason=push since=2026-02-01
    /deployments/$deployment ? level=warn line=12
    /revisions ? author=ana path=unions/acme state=held since=2026-02-01
    /revisions/$commit ? union=acme
    /diagnostics ? union=acme severity=error code=unknown-field file=unions/acme/union.yaml
    /audit ? union=acme commit=4be19c7
    /audit/access ? union=acme member=ana@acme.example at=2026-03-01 vs=2026-02-01"
  `);
});

test("what an address may not say is dropped", () => {
  const nonsense = { state: "gone", sort: "worst", only: "all", drift: "yes", at: "2026-02-31", vs: "yesterday", level: "fatal", search: { $ne: 1 }, union: ["acme"], member: "", kind: 1, outcome: "no", reason: "why", severity: "fatal", code: "A b", since: "monday" };
  expect(paths(routeTree, "", nonsense).filter((one) => one.includes("?"))).toEqual([]);
});
