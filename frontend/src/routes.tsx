// Every page there is, with what of it stands in the URL. Unknown parameters are dropped.
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Schemas } from "./api/client";
import * as queries from "./api/queries";
import type { DeploymentsAsked, DiagnosticsAsked, RevisionsAsked, UnionsAsked } from "./api/queries";
import { Why } from "./components/asked";
import { Shell } from "./components/Shell";
import { FAILED } from "./components/SignIn";
import { MOMENT_KINDS, OUTCOMES, OUTCOMES_OF_DRIFT, REASON, REVISION_STATES, UNION_STATES } from "./components/words";
import { Nowhere } from "./components/Nowhere";

type RevisionState = Schemas["RevisionState"];
type Search = Record<string, unknown>;

const LEVELS = ["debug", "info", "warn", "error"] as const;

const word = <T extends string>(known: readonly T[], value: unknown): T | undefined => known.find((one) => one === value);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value.slice(0, 200) : typeof value === "number" ? String(value) : undefined);

/** A word of these, whatever they say. */
const key = <T extends string>(known: Record<T, unknown>, value: unknown): T | undefined => (Object.keys(known) as T[]).find((one) => one === value);

/** Which codes there are, the API knows: it refuses another one. */
const isCode = (text: string): text is Schemas["Code"] => /^[a-z-]+$/.test(text);
const code = (value: unknown): Schemas["Code"] | undefined => (typeof value === "string" && isCode(value) ? value : undefined);

const yes = (value: unknown): true | undefined => (value === true || undefined);

/** A day that there is: 31 February is read as one of March. */
const isDay = (text: string) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

const date = (value: unknown): string | undefined => (typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value) ? value : undefined);

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  // Whoever came back in vain is told so wherever they wanted to go.
  validateSearch: (search: Search): { [FAILED]?: string } => ({ [FAILED]: text(search[FAILED]) }),
  component: Shell,
  notFoundComponent: Nowhere,
  errorComponent: Why,
});

const parent = () => root;

const overview = createRoute({
  getParentRoute: parent,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/Overview"), "Overview"),
});

const unions = createRoute({
  getParentRoute: parent,
  path: "/unions",
  validateSearch: (search: Search): UnionsAsked => ({ state: word(UNION_STATES, search.state), search: text(search.search), sort: word(["name"], search.sort) }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queries.prefetchInfiniteQuery(queries.unions(deps)),
  component: lazyRouteComponent(() => import("./pages/Unions"), "Unions"),
});

const union = createRoute({
  getParentRoute: parent,
  path: "/unions/$union",
  loader: ({ context, params }) => void context.queries.prefetchQuery(queries.union(params.union)),
  component: lazyRouteComponent(() => import("./pages/Union"), "Union"),
});

const summary = createRoute({ getParentRoute: () => union, path: "/", component: lazyRouteComponent(() => import("./pages/Summary"), "Summary") });

const plan = createRoute({
  getParentRoute: () => union,
  path: "/plan",
  validateSearch: (search: Search): { only?: "waiting" } => ({ only: word(["waiting"], search.only) }),
  component: lazyRouteComponent(() => import("./pages/Plan"), "PlanPage"),
});

const resources = createRoute({
  getParentRoute: () => union,
  path: "/resources",
  validateSearch: (search: Search): { drift?: true; search?: string } => ({ drift: yes(search.drift), search: text(search.search) }),
  component: lazyRouteComponent(() => import("./pages/Resources"), "Resources"),
});

const societies = createRoute({
  getParentRoute: () => union,
  path: "/societies",
  validateSearch: (search: Search): { waits?: true; search?: string } => ({ waits: yes(search.waits), search: text(search.search) }),
  component: lazyRouteComponent(() => import("./pages/Societies"), "Societies"),
});

const fields = createRoute({ getParentRoute: () => union, path: "/fields", component: lazyRouteComponent(() => import("./pages/Fields"), "Fields") });
const drift = createRoute({
  getParentRoute: () => union,
  path: "/drift",
  validateSearch: (search: Search): { outcome?: Schemas["DriftOutcome"]; since?: string } => ({ outcome: key(OUTCOMES_OF_DRIFT, search.outcome), since: date(search.since) }),
  component: lazyRouteComponent(() => import("./pages/Drift"), "Drift"),
});

const timeline = createRoute({
  getParentRoute: () => union,
  path: "/timeline",
  validateSearch: (search: Search): { kind?: Schemas["MomentKind"]; since?: string; until?: string } => ({ kind: word(MOMENT_KINDS, search.kind), since: date(search.since), until: date(search.until) }),
  component: lazyRouteComponent(() => import("./pages/Timeline"), "Timeline"),
});

const logs = createRoute({ getParentRoute: () => union, path: "/logs", component: lazyRouteComponent(() => import("./pages/Logs"), "Logs") });
const rollouts = createRoute({ getParentRoute: () => union, path: "/deployments", component: lazyRouteComponent(() => import("./pages/Deployments"), "UnionDeployments") });

const society = createRoute({
  getParentRoute: parent,
  path: "/unions/$union/societies/$society",
  validateSearch: (search: Search): { at?: string; vs?: string; member?: string; password?: string } => ({ at: date(search.at), vs: date(search.vs), member: text(search.member), password: text(search.password) }),
  loader: ({ context, params }) => void context.queries.prefetchQuery(queries.society(params.union, params.society)),
  component: lazyRouteComponent(() => import("./pages/Society"), "Society"),
});

const deployments = createRoute({
  getParentRoute: parent,
  path: "/deployments",
  validateSearch: (search: Search): DeploymentsAsked => ({ union: text(search.union), outcome: key(OUTCOMES, search.outcome), reason: key(REASON, search.reason), since: date(search.since) }),
  component: lazyRouteComponent(() => import("./pages/Deployments"), "Deployments"),
});

const deployment = createRoute({
  getParentRoute: parent,
  path: "/deployments/$deployment",
  validateSearch: (search: Search): { level?: (typeof LEVELS)[number]; line?: string } => ({ level: word(LEVELS, search.level), line: text(search.line) }),
  loader: ({ context, params }) => void context.queries.prefetchQuery(queries.deployment(params.deployment)),
  component: lazyRouteComponent(() => import("./pages/Deployment"), "Deployment"),
});

const revisions = createRoute({
  getParentRoute: parent,
  path: "/revisions",
  validateSearch: (search: Search): RevisionsAsked => ({ author: text(search.author), path: text(search.path), state: word(UNION_STATES, search.state), since: date(search.since) }),
  component: lazyRouteComponent(() => import("./pages/Revisions"), "Revisions"),
});

const revision = createRoute({
  getParentRoute: parent,
  path: "/revisions/$commit",
  validateSearch: (search: Search): { state?: RevisionState; union?: string } => ({ state: word(REVISION_STATES, search.state), union: text(search.union) }),
  loaderDeps: ({ search: { state } }) => ({ state }),
  loader: ({ context, params, deps }) => void context.queries.prefetchInfiniteQuery(queries.revision(params.commit, deps.state)),
  component: lazyRouteComponent(() => import("./pages/Revision"), "Revision"),
});

const diagnostics = createRoute({
  getParentRoute: parent,
  path: "/diagnostics",
  validateSearch: (search: Search): DiagnosticsAsked => ({ union: text(search.union), severity: word(["error", "warning"], search.severity), code: code(search.code), file: text(search.file) }),
  component: lazyRouteComponent(() => import("./pages/Diagnostics"), "Diagnostics"),
});

const audit = createRoute({
  getParentRoute: parent,
  path: "/audit",
  validateSearch: (search: Search): { union?: string; commit?: string } => ({ union: text(search.union), commit: text(search.commit) }),
  component: lazyRouteComponent(() => import("./pages/Audit"), "Audit"),
});

const access = createRoute({
  getParentRoute: parent,
  path: "/audit/access",
  validateSearch: (search: Search): { union?: string; member?: string; at?: string; vs?: string } => ({ union: text(search.union), member: text(search.member), at: date(search.at), vs: date(search.vs) }),
  component: lazyRouteComponent(() => import("./pages/Access"), "Access"),
});

export const routeTree = root.addChildren([
  overview,
  unions,
  union.addChildren([summary, plan, resources, societies, fields, rollouts, drift, timeline, logs]),
  society,
  deployments,
  deployment,
  revisions,
  revision,
  diagnostics,
  audit,
  access,
]);
