// Asking the API: each answer is data or a Problem. Alone knows where the API is.
import createClient, { type Middleware } from "openapi-fetch";
import { bearer, session, signedOut } from "./auth";
import { kept } from "./kept";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];

/** Where the API is: where the page came from, unless the build says otherwise. */
export const BASE: string = import.meta.env.VITE_API_BASE ?? "";

/** Why there is no data. `status` 0: nobody answered. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string | undefined,
    readonly requestId: string | undefined,
  ) {
    super(title);
  }
}

const UNREACHABLE = () =>
  new Problem(0, "unreachable", "Keyforge does not answer", "The connection, or the daemon, is away. The unions are not affected.", undefined);

const identified: Middleware = {
  onRequest({ request }) {
    const header = bearer();
    if (header !== undefined) request.headers.set("authorization", header);
  },
};

export const api = createClient<paths>({ baseUrl: BASE || location.origin, credentials: "same-origin" });
api.use(identified, kept);

/** The site of the API, where that is another one than the page's: no cookie goes there, so nobody is signed in there by one. */
export const ELSEWHERE = BASE === "" || new URL(BASE, location.origin).origin === location.origin ? undefined : new URL(BASE).origin;

/** Ends the session of this browser, in all its tabs, and leads to the identity provider where that can end its own. */
export async function signOut(): Promise<void> {
  let provider: string | undefined;
  if (session.get().state !== "key") {
    const response = await fetch(`${BASE}/auth/sign-out`, { method: "POST", headers: { "x-keyforge-request": "1" } }).catch(() => undefined);
    const body: unknown = response?.status === 204 ? undefined : await response?.json().catch(() => undefined);
    if (response?.ok !== true) throw response === undefined ? UNREACHABLE() : problem(response.status, body);
    if (isWayOut(body)) provider = body.provider;
  }
  signedOut(true);
  if (provider !== undefined) location.assign(provider);
}

function isWayOut(body: unknown): body is { provider: string } {
  return typeof body === "object" && body !== null && "provider" in body && typeof body.provider === "string" && body.provider.startsWith("https://");
}

/** Whether the browser is known meanwhile, by what was done in another tab. */
export async function isKnown(): Promise<boolean> {
  const response = await fetch(`${BASE}/api/v1/me`, { cache: "no-store" }).catch(() => undefined);
  return response?.ok === true;
}

/** What was answered; or throws why not. */
export async function told<T>(asking: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asking.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw UNREACHABLE();
  });
  if (data !== undefined && response.ok) return data;
  throw problem(response.status, error);
}

/** The problem that an answer is; what stands between us and the daemon answers in its own words, which are not shown. */
export function problem(status: number, body: unknown): Problem {
  if (status === 401) signedOut();
  if (!isProblem(body)) return new Problem(status, "no-problem", `The answer was ${status}`, "Something between this page and Keyforge answered in its place.", undefined);
  return new Problem(status, body.code, body.title, body.detail, body.requestId);
}

function isProblem(body: unknown): body is Schemas["Problem"] {
  return typeof body === "object" && body !== null && "code" in body && "title" in body;
}
