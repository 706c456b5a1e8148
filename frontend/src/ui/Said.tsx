// A sentence of the daemon, with what it quotes as code. It is a text: nothing in it becomes anything else.
import { Fragment } from "react";

/** Between back-ticks, which stand in pairs: what is left of a text that was cut short stays as it is. */
export function Said({ of }: { of: string | null | undefined }) {
  const parts = (of ?? "").split("`");
  if (parts.length % 2 === 0) return of;
  // Parts have no names, and the whole changes at once.
  // oxlint-disable-next-line react/no-array-index-key
  return parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : <Fragment key={at}>{part}</Fragment>));
}
