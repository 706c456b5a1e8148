// Who asks. An API key is kept in memory only: it ends with the tab, and no script of another page can read it.
import { store } from "../store";

type Session = { state: "assumed" } | { state: "key"; key: string } | { state: "signed-out"; wasRefused: boolean };

/** Assumed to be known until an answer says otherwise: where nobody is asked who they are, none does. */
export const session = store<Session>({ state: "assumed" });

/** The header that says it. */
export function bearer(): string | undefined {
  const now = session.get();
  return now.state === "key" ? `Bearer ${now.key}` : undefined;
}

export function signIn(key: string) {
  session.set({ state: "key", key });
}

/** An answer was that nobody knows us. */
export function signedOut() {
  const now = session.get();
  if (now.state !== "signed-out") session.set({ state: "signed-out", wasRefused: now.state === "key" });
}
