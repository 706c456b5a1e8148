// One description of each question to the API, for loaders and components alike.
// A key is [noun, what it is about, how it was asked]: `events` makes stale what is about what moved.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, told, type Schemas } from "./client";

/** What a question is about; without a union it is about many. */
export type About = { union?: string; deployment?: string };

const MANY: About = {};

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

export type UnionsAsked = { state?: Schemas["UnionState"]; search?: string };

export const unions = (asked: UnionsAsked, limit = 100) =>
  pages("unions", MANY, { ...asked, limit }, (after, signal) => told(api.GET("/api/v1/unions", { params: { query: { ...asked, after, limit } }, signal })));

/** How many unions are in which state. */
export const counts = queryOptions({
  queryKey: ["counts", MANY],
  queryFn: ({ signal }) => told(api.GET("/api/v1/unions", { params: { query: { limit: 1 } }, signal })),
});

/** Unions in one of these states, the first of each. */
export const unionsIn = (states: readonly Schemas["UnionState"][]) =>
  queryOptions({
    queryKey: ["unions-in", MANY, states],
    queryFn: async ({ signal }) => {
      const asking = states.map((state) => told(api.GET("/api/v1/unions", { params: { query: { state, limit: 50 } }, signal })));
      return (await Promise.all(asking)).flatMap((page) => page.items);
    },
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
  pages("resources", { union }, null, (after, signal) => told(api.GET("/api/v1/unions/{union}/resources", { params: { path: { union }, query: { after } }, signal })));

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

export const fields = (union: string, society: string | undefined) =>
  queryOptions({
    queryKey: ["fields", { union }, society],
    queryFn: ({ signal }) => told(api.GET("/api/v1/unions/{union}/fields", { params: { path: { union }, query: { society } }, signal })),
  });

export const deployments = (union: string | undefined, limit = 50) =>
  pages("deployments", union === undefined ? MANY : { union }, limit, (after, signal) => told(api.GET("/api/v1/deployments", { params: { query: { union, after, limit } }, signal })));

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

export const revisions = (limit = 50) =>
  pages("revisions", MANY, limit, (after, signal) => told(api.GET("/api/v1/revisions", { params: { query: { after, limit } }, signal })));

export const revision = (commit: string) =>
  queryOptions({
    queryKey: ["revision", MANY, commit],
    queryFn: ({ signal }) => told(api.GET("/api/v1/revisions/{commit}", { params: { path: { commit } }, signal })),
  });

export const diagnostics = (union: string | undefined) =>
  pages("diagnostics", union === undefined ? MANY : { union }, null, (after, signal) => told(api.GET("/api/v1/diagnostics", { params: { query: { union, after } }, signal })));

export const audit = (union: string | undefined) =>
  pages("audit", union === undefined ? MANY : { union }, null, (after, signal) => told(api.GET("/api/v1/audit", { params: { query: { union, after } }, signal })));
