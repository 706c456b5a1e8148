// One description of each question to the API, for loaders and components alike.
// A key is [noun, what it is about, how it was asked]: `events` makes stale what is about what moved.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { known } from "./auth";
import { api, told, type Schemas } from "./client";

/** What a question is about; without a union it is about many. */
export type About = { union?: string; deployment?: string };

const MANY: About = {};

/** What no event is about. */
const NOTHING: About = { union: "", deployment: "" };

/** Pages of a list, each named by the end of the one before. */
function pages<T extends { next: string | null }>(noun: string, about: About, asked: unknown, page: (after: string | undefined, signal: AbortSignal) => Promise<T>) {
  return infiniteQueryOptions({
    queryKey: [noun, about, asked] as const,
    queryFn: ({ pageParam, signal }) => page(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: T) => last.next ?? undefined,
  });
}

export const health = queryOptions({
  queryKey: ["health", MANY],
  // What is degraded is told with 503 and the same body.
  queryFn: async ({ signal }) => {
    const asking = api.GET("/health", { signal }).then(({ data, error, response }) => {
      const readiness = data ?? (isReadiness(error) ? error : undefined);
      return readiness === undefined ? { error, response } : { data: readiness, response: new Response() };
    });
    return told(asking);
  },
  refetchInterval: 15_000,
});

function isReadiness(body: unknown): body is Schemas["Readiness"] {
  return typeof body === "object" && body !== null && "dependencies" in body;
}

/** Worst first, where no other order is asked for. */
export type UnionsAsked = { state?: Schemas["UnionState"]; search?: string; sort?: "name" };

/** From this page on somebody wants to see them all: then more of them come at a time. */
const FAR = 3;
const MANY_ROWS = 500;

export const unions = ({ state, search, sort }: UnionsAsked, limit = 100) =>
  infiniteQueryOptions({
    queryKey: ["unions", MANY, { state, search, sort, limit }] as const,
    queryFn: async ({ pageParam, signal }) => {
      const page = await told(api.GET("/api/v1/unions", { params: { query: { state, search, sort: sort ?? "worst", ...pageParam } }, signal }));
      return { ...page, readAt: Date.now() };
    },
    initialPageParam: { limit, after: undefined as string | undefined },
    getNextPageParam: ({ next }, read) => (next === null ? undefined : { limit: read.length < FAR ? limit : MANY_ROWS, after: next }),
    // Stale is what an event was about, and nothing else.
    staleTime: Infinity,
  });

/** All unions together, and which of them need somebody: what stands beside every page, and on the first. */
export const overview = queryOptions({
  queryKey: ["overview", MANY],
  queryFn: ({ signal }) => told(api.GET("/api/v1/overview", { signal })),
});

/** The state of each union, a letter each, in order of name. */
export const map = queryOptions({
  queryKey: ["map", MANY],
  queryFn: ({ signal }) => told(api.GET("/api/v1/map", { signal })),
});

/** So many names are asked for at a time. */
export const MAP_PAGE = 500;

/** The names of this page, from 1, in the map of this version. */
export const mapNames = (page: number, version: string) =>
  queryOptions({
    queryKey: ["map-names", NOTHING, page, version],
    queryFn: ({ signal }) => told(api.GET("/api/v1/map/names", { params: { query: { page, limit: MAP_PAGE } }, signal })),
    staleTime: Infinity,
    refetchInterval: false,
  });

/** Who asks. It changes with who signs in, and then everything is asked anew. */
export const me = queryOptions({
  queryKey: ["me", NOTHING],
  queryFn: async ({ signal }) => {
    const caller = await told(api.GET("/api/v1/me", { signal }));
    known();
    return caller;
  },
  // So that a login that is over is noticed also where nothing moves.
  refetchInterval: 60_000,
  staleTime: 60_000,
});

/** How people can say who they are. */
export const signIn = queryOptions({
  queryKey: ["sign-in", NOTHING],
  queryFn: ({ signal }) => told(api.GET("/api/v1/sign-in", { signal })),
  refetchInterval: false,
});

/** Where something is, by a few letters. */
export const search = (text: string) =>
  queryOptions({
    queryKey: ["search", MANY, text],
    queryFn: ({ signal }) => told(api.GET("/api/v1/search", { params: { query: { search: text } }, signal })),
    enabled: text.length >= 2,
    placeholderData: (before) => before,
    refetchInterval: false,
  });

export const union = (union: string) =>
  queryOptions({
    queryKey: ["union", { union }],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}", { params: { path: { union } }, signal })),
  });

export const plan = (union: string) =>
  queryOptions({
    queryKey: ["plan", { union }],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/plan", { params: { path: { union } }, signal })),
  });

export const resources = (union: string) =>
  pages("resources", { union }, null, (after, signal) => told(api.GET("/api/v1/unions/{union}/resources", { params: { path: { union }, query: { after, limit: MANY_ROWS } }, signal })));

/** Read from the cluster each time: once, and again when somebody asks for it. No event is about it. */
const FROM_CLUSTER = { refetchInterval: false, refetchOnWindowFocus: false, staleTime: Infinity, retry: false } as const;

export const podLogs = (union: string) =>
  queryOptions({
    queryKey: ["pod-logs", NOTHING, union],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/pod-logs", { params: { path: { union } }, signal })),
    ...FROM_CLUSTER,
  });

export const podEvents = (union: string) =>
  queryOptions({
    queryKey: ["pod-events", NOTHING, union],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/pod-events", { params: { path: { union } }, signal })),
    ...FROM_CLUSTER,
  });

export const societies = (union: string) =>
  queryOptions({
    queryKey: ["societies", { union }],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/societies", { params: { path: { union } }, signal })),
  });

export const society = (union: string, society: string) =>
  queryOptions({
    queryKey: ["society", { union }, society],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/societies/{society}", { params: { path: { union, society } }, signal })),
  });

/** The end of a day, UTC. */
const end = (day: string | undefined) => (day === undefined ? undefined : `${day}T23:59:59Z`);

/** Who could read what at the end of a day, and what is different since that of another. */
export const readers = (union: string, society: string, at: string | undefined, since: string | undefined) =>
  queryOptions({
    queryKey: ["readers", { union }, society, at, since],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/societies/{society}/readers", { params: { path: { union, society }, query: { at: end(at), since: end(since) } }, signal })),
  });

/** The start of a day, UTC. */
const start = (day: string | undefined) => (day === undefined ? undefined : `${day}T00:00:00Z`);

export const drift = (union: string, { outcome, since }: { outcome?: Schemas["DriftOutcome"]; since?: string }) =>
  pages("drift", { union }, [outcome, since], (after, signal) => told(api.GET("/api/v1/unions/{union}/drift", { params: { path: { union }, query: { outcome, since: start(since), after } }, signal })));

export const timeline = (union: string, { kind, since, until }: { kind?: Schemas["MomentKind"]; since?: string; until?: string }, limit = 50) =>
  pages("timeline", { union }, [kind, since, until, limit], (after, signal) =>
    told(api.GET("/api/v1/unions/{union}/timeline", { params: { path: { union }, query: { kind, since: start(since), until: end(until), after, limit } }, signal })),
  );

export const fields = (union: string, society: string | undefined) =>
  queryOptions({
    queryKey: ["fields", { union }, society],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/fields", { params: { path: { union }, query: { society } }, signal })),
  });

export type DeploymentsAsked = { union?: string; outcome?: Schemas["Outcome"]; reason?: Schemas["Reason"]; since?: string };

export const deployments = ({ union, outcome, reason, since }: DeploymentsAsked, limit = 50) =>
  pages("deployments", union === undefined ? MANY : { union }, [outcome, reason, since, limit], (after, signal) =>
    told(api.GET("/api/v1/deployments", { params: { query: { union, outcome, reason, since: start(since), after, limit } }, signal })),
  );

/** So many tell what is usual. */
const USUAL = 100;

/** The newest of all unions, for how long they take. What is usual does not change with each event. */
export const usualDeployments = queryOptions({
  queryKey: ["usual-deployments", NOTHING],
  queryFn: ({ signal }) => told(api.GET("/api/v1/deployments", { params: { query: { limit: USUAL } }, signal })),
  staleTime: 60_000,
  refetchInterval: 60_000,
});

export const deployment = (deployment: string) =>
  queryOptions({
    queryKey: ["deployment", { deployment }],
    queryFn: ({ signal }) => told(api.GET("/api/v1/deployments/{deployment}", { params: { path: { deployment } }, signal })),
  });

export const changes = (deployment: string) =>
  queryOptions({
    queryKey: ["changes", { deployment }],
    queryFn: ({ signal }) => told(api.GET("/api/v1/deployments/{deployment}/events", { params: { path: { deployment }, query: { limit: 500 } }, signal })),
  });

export const logs = (deployment: string, level: Schemas["Level"] | undefined) =>
  infiniteQueryOptions({
    queryKey: ["logs", { deployment }, level],
    queryFn: ({ pageParam, signal }) =>
      told(api.GET("/api/v1/deployments/{deployment}/logs", { params: { path: { deployment }, query: { level, page: pageParam, limit: 500 } }, signal })),
    initialPageParam: 1,
    getNextPageParam: (last) => last.next ?? undefined,
  });

export type RevisionsAsked = { author?: string; path?: string; state?: Schemas["UnionState"]; since?: string };

export const revisions = ({ author, path, state, since }: RevisionsAsked, limit = 50) =>
  pages("revisions", MANY, [author, path, state, since, limit], (after, signal) =>
    told(api.GET("/api/v1/revisions", { params: { query: { author, path, state, since: start(since), after, limit } }, signal })),
  );

/** How far a commit is, for all its unions and for a page of those in this state. */
export const revision = (commit: string, state?: Schemas["RevisionState"]) =>
  pages("revision", MANY, [commit, state], (after, signal) => told(api.GET("/api/v1/revisions/{commit}", { params: { path: { commit }, query: { state, after } }, signal })));

export const revisionFiles = (commit: string) =>
  pages("revision-files", MANY, commit, (after, signal) => told(api.GET("/api/v1/revisions/{commit}/files", { params: { path: { commit }, query: { after } }, signal })));

/** The same for one union. */
export const revisionUnion = (commit: string, union: string) =>
  queryOptions({
    queryKey: ["revision-union", { union }, commit],
    queryFn: ({ signal }) => told(api.GET("/api/v1/revisions/{commit}", { params: { path: { commit }, query: { union } }, signal })),
  });

export type DiagnosticsAsked = { union?: string; severity?: Schemas["Severity"]; code?: Schemas["Code"]; file?: string };

export const diagnostics = ({ union, severity, code, file }: DiagnosticsAsked) =>
  pages("diagnostics", union === undefined ? MANY : { union }, [severity, code, file], (after, signal) =>
    told(api.GET("/api/v1/diagnostics", { params: { query: { union, severity, code, file, after } }, signal })),
  );

export const audit = (union: string | undefined, commit: string | undefined) =>
  pages("audit", union === undefined ? MANY : { union }, commit, (after, signal) => told(api.GET("/api/v1/audit", { params: { query: { union, commit, after } }, signal })));
