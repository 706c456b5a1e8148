// Answers as they were told last, each with its entity tag: what has not changed since is not sent again. The API forbids browsers to
// keep anything, so this is memory of the tab alone, and whoever signs out takes it along.
import type { Middleware } from "openapi-fetch";
import { session } from "./auth";

type Kept = { tag: string; body: string };

/** So many questions; the one that was asked longest ago goes first. */
const MOST = 100;

export function keeping(): Middleware & { forget(): void } {
  const kept = new Map<string, Kept>();
  return {
    forget: () => kept.clear(),
    onRequest({ request }) {
      const known = kept.get(request.url);
      if (request.method === "GET" && known !== undefined) request.headers.set("if-none-match", known.tag);
    },
    async onResponse({ request, response }) {
      const known = kept.get(request.url);
      kept.delete(request.url);
      if (response.status === 304 && known !== undefined) {
        kept.set(request.url, known);
        return new Response(known.body, { headers: response.headers });
      }
      const tag = response.headers.get("etag");
      if (request.method !== "GET" || !response.ok || tag === null) return undefined;
      const body = await response.text();
      kept.set(request.url, { tag, body });
      const [oldest] = kept.keys();
      if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
      return new Response(body, { status: response.status, headers: response.headers });
    },
  };
}

export const kept = keeping();
session.follow(() => session.get().state === "signed-out" && kept.forget());
