// Who asks: a session that the browser carries as a cookie, or an API key. The key is kept in memory only: it ends with the tab, and no
// script of another page can read it.
import { store } from "../store";

/** Why somebody is asked who they are. */
export type Why = "unknown" | "refused" | "over" | "left";

type Session = { state: "assumed" } | { state: "key"; key: string } | { state: "signed-out"; why: Why };

/** Assumed to be known until an answer says otherwise: where nobody is asked who they are, none does. */
export const session = store<Session>({ state: "assumed" });

/** Whether somebody was told who they are since they last said it. */
let wasKnown = false;

/** The header that says it. */
export function bearer(): string | undefined {
  const now = session.get();
  return now.state === "key" ? `Bearer ${now.key}` : undefined;
}

/** By this key, or by what the browser carries. */
export function signIn(key?: string) {
  wasKnown = false;
  session.set(key === undefined ? { state: "assumed" } : { state: "key", key });
}

/** An answer was who we are. */
export function known() {
  wasKnown = true;
}

/** An answer was that nobody knows us; or somebody has left. */
export function signedOut(hasLeft = false) {
  const now = session.get();
  if (now.state !== "signed-out") session.set({ state: "signed-out", why: hasLeft ? "left" : wasKnown ? "over" : now.state === "key" ? "refused" : "unknown" });
  wasKnown = false;
}
