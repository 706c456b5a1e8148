// Rows whose order does not change under the pointer: what moved meanwhile is counted, and shown when somebody asks for it.
import { useState, type FocusEvent } from "react";
import { Icon } from "../ui/Icon";

type Key<T> = (item: T) => string;

/** How many of these stand in rising order at most: the rest has moved. */
function rising(places: number[]): number {
  const ends: number[] = [];
  for (const place of places) {
    const at = ends.findIndex((end) => end >= place);
    ends[at === -1 ? ends.length : at] = place;
  }
  return ends.length;
}

/** What is shown of `newest` while `held` stays: its rows in their places, as they are now or were last, and what follows after them.
    Gives also how many came, went or stand elsewhere. */
export function inOrder<T>(newest: T[], held: T[] | undefined, key: Key<T>): { shown: T[]; moved: number } {
  if (held === undefined) return { shown: newest, moved: 0 };
  const now = new Map(newest.map((item) => [key(item), item]));
  const places = new Map(held.map((item, at) => [key(item), at]));
  const follows = newest.slice(held.length).filter((item) => !places.has(key(item)));
  const stayed = newest.flatMap((item) => places.get(key(item)) ?? []);
  const came = newest.length - stayed.length - follows.length;
  const went = held.length - stayed.length;
  return { shown: [...held.map((item) => now.get(key(item)) ?? item), ...follows], moved: Math.max(came, went) + stayed.length - rising(stayed) };
}

/** As long as somebody points at the rows, or is among them by keyboard. A list that stays by itself is not held. */
export function useHeld<T>(newest: T[], key: Key<T>, isHeldItself = false) {
  const [by, setBy] = useState({ pointer: false, focus: false });
  const [held, setHeld] = useState<T[]>();
  const { shown, moved } = inOrder(newest, isHeldItself ? undefined : held, key);
  const now = (change: Partial<typeof by>) => {
    const next = { ...by, ...change };
    setBy(next);
    setHeld((before) => (next.pointer || next.focus ? (before ?? newest) : undefined));
  };
  return {
    shown,
    moved,
    show: () => setHeld(newest),
    holds: {
      className: "held",
      onPointerEnter: () => now({ pointer: true }),
      onPointerLeave: () => now({ pointer: false }),
      onFocus: () => now({ focus: true }),
      onBlur: ({ currentTarget, relatedTarget }: FocusEvent) => currentTarget.contains(relatedTarget) || now({ focus: false }),
    },
  };
}

/** Stands over the head of the rows, so that none of them moves because of it. */
export function Moved({ count, show }: { count: number; show: () => void }) {
  return (
    <p className="moved small" role="status">
      <span className="going">
        <Icon name="down" small />
      </span>
      <span>
        <b>
          {count.toLocaleString("en")} {count === 1 ? "union" : "unions"} changed
        </b>{" "}
        meanwhile.
      </span>
      <button type="button" className="b" onClick={show}>
        Show them
      </button>
    </p>
  );
}
