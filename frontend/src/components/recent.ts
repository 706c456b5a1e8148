// The pages that were seen last, for the palette. Of this tab alone, and forgotten with it: titles are what somebody was let see.
import { session } from "../api/auth";
import { store } from "../store";

type Seen = { href: string; title: string };

const MOST = 6;

export const recently = store<readonly Seen[]>([]);
session.follow(() => session.get().state === "signed-out" && recently.set([]));

/** A page under its newest title. The one that is seen now comes first and is left out where somebody wants to go. */
export function saw(href: string, title: string) {
  recently.set([{ href, title }, ...recently.get().filter((one) => one.href !== href)].slice(0, MOST + 1));
}
