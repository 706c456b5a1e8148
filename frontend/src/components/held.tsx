// Rows whose order does not change under the pointer: what moved meanwhile is counted, and shown when somebody asks for it.
import { useState } from "react";
import { Icon } from "../ui/Icon";

/** What is shown of `newest`: as it is now, in the order and number in which it was. Gives also how many stand elsewhere by now. */
export function inOrder<T>(newest: T[], order: string[] | undefined, key: (item: T) => string): { shown: T[]; moved: number } {
  if (order === undefined) return { shown: newest, moved: 0 };
  const byKey = new Map(newest.map((item) => [key(item), item]));
  const shown = order.flatMap((name) => byKey.get(name) ?? []);
  const were = new Set(order);
  const stayed = newest.map(key).filter((name) => were.has(name));
  const elsewhere = shown.filter((item, at) => key(item) !== stayed[at]);
  return { shown, moved: newest.length - stayed.length + elsewhere.length };
}

/** As long as somebody points at the rows, or is among them by keyboard. */
export function useHeld<T>(newest: T[], key: (item: T) => string) {
  const [order, setOrder] = useState<string[]>();
  const hold = () => setOrder((before) => before ?? newest.map(key));
  const free = () => setOrder(undefined);
  return { ...inOrder(newest, order, key), show: () => setOrder(newest.map(key)), holds: { onPointerEnter: hold, onPointerLeave: free, onFocus: hold, onBlur: free } };
}

export function Moved({ count, show }: { count: number; show: () => void }) {
  return (
    <p className="more" role="status">
      <span className="going">
        <Icon name="down" small />
      </span>
      <span>
        <b>{count.toLocaleString("en")} {count === 1 ? "union" : "unions"} changed</b> since you point here.
      </span>
      <button type="button" className="b" onClick={show}>
        Show them
      </button>
    </p>
  );
}
