// The one stream of what moved. It says which questions are to be asked again, never what the answers are.
import type { Query, QueryClient } from "@tanstack/react-query";
import { messages } from "./sse";
import { Problem } from "./client";
import { session } from "./auth";
import type { About } from "./queries";
import { store } from "../store";

type Stream = { state: "live"; since: number } | { state: "lost"; since: number; nextTry: number } | { state: "opening" };

/** Whether what is shown follows what is. */
export const stream = store<Stream>({ state: "opening" });

/** When something of a union moved last, as far as this page has heard of it: what a list that is not read anew lacks. */
export const movedAt = store<ReadonlyMap<string, number>>(new Map());

/** At most so often is anything asked anew because of events. */
const GATHER = 1_000;
const LONGEST_WAIT = 30_000;

let again = () => {};

/** Does not wait for the next try. */
export const tryNow = () => again();

/** Follows as long as the page is seen, and anew for whoever signs in. */
export function follow(queries: QueryClient) {
  let last: string | undefined;
  let stopped = new AbortController();
  let wake: (() => void) | undefined;
  const moved: About[] = [];
  let gathered: ReturnType<typeof setTimeout> | undefined;

  const flush = () => {
    gathered = undefined;
    const now = moved.splice(0);
    movedAt.set(new Map([...movedAt.get(), ...now.flatMap(({ union }) => (union === undefined ? [] : [[union, Date.now()] as const]))]));
    askAnew(queries, ({ queryKey }) => now.some((what) => concerns(what, queryKey[1])));
  };

  const run = async (signal: AbortSignal) => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const opened = () => {
          if (stream.get().state === "lost") askAnew(queries);
          failures = 0;
          stream.set({ state: "live", since: Date.now() });
        };
        for await (const { id, event, data } of messages("/api/v1/events", last, signal, opened)) {
          last = id ?? last;
          if (event === "reset") askAnew(queries);
          else if (data !== "") moved.push(subject(data));
          if (moved.length > 0) gathered ??= setTimeout(flush, GATHER);
        }
        // The server ends each stream after a while: nothing was lost.
        await pause(1_000, signal);
        continue;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem && error.status === 401) return;
      }
      failures += 1;
      const wait = Math.min(LONGEST_WAIT, 1_000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
      const before = stream.get();
      stream.set({ state: "lost", since: before.state === "lost" ? before.since : Date.now(), nextTry: Date.now() + wait });
      await pause(wait, signal);
    }
  };

  const pause = (wait: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, wait);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });

  const start = () => {
    stopped.abort();
    stopped = new AbortController();
    if (!document.hidden && session.get().state !== "signed-out") void run(stopped.signal);
  };
  document.addEventListener("visibilitychange", start);
  addEventListener("online", () => wake?.());
  session.follow(start);
  again = () => wake?.();
  start();
}

/** Makes stale what may be so, and asks it anew where it is seen; but for long lists, whose rows stay under the pointer. */
export function askAnew(queries: QueryClient, isAbout: (query: Query) => boolean = () => true) {
  void queries.invalidateQueries({ predicate: (query) => isAbout(query) && !isLong(query.state.data) });
  void queries.invalidateQueries({ predicate: (query) => isAbout(query) && isLong(query.state.data), refetchType: "none" });
}

function subject(data: string): About {
  const said: unknown = JSON.parse(data);
  if (typeof said !== "object" || said === null) return {};
  const about: About = {};
  if ("union" in said && typeof said.union === "string") about.union = said.union;
  if ("deployment" in said && typeof said.deployment === "string") about.deployment = said.deployment;
  return about;
}

/** Whether it is a list of so many pages that reading all of them anew is for whoever looks at it to ask for. */
export function isLong(data: unknown): boolean {
  return typeof data === "object" && data !== null && "pages" in data && Array.isArray(data.pages) && data.pages.length > 3;
}

/** Whether a question about this may have another answer after that moved. */
export function concerns(moved: About, about: unknown): boolean {
  if (typeof about !== "object" || about === null) return true;
  const same = (name: "union" | "deployment") => !(name in about) || moved[name] === undefined || (about as About)[name] === moved[name];
  return same("union") && same("deployment");
}
