// Unions, a row each. Of a large fleet only the rows in sight are drawn, so that ten thousand scroll like ten.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Schemas } from "../api/client";
import { Cell, Name, Row, Table } from "../ui/blocks";
import { Said } from "../ui/Said";
import { Ago } from "../ui/time";
import { short, UnionLink } from "./revision";
import { ACTOR, StateBadge, isDown, needsPerson } from "./words";

/** From so many unions on rows have one height, whatever is in them, and are drawn where they are seen. */
const LONG = 200;

/** The heights that `table.long` gives them, in pixels. */
const HEIGHT = { wide: 33, phone: 61 };

/** So many rows are drawn above and below what is in sight. */
const OVER = 5;

/** What follows is asked for when so many rows are left. */
const AHEAD = 50;

const phone = matchMedia("(max-width: 720px)");
const onTurn = (changed: () => void) => {
  phone.addEventListener("change", changed);
  return () => phone.removeEventListener("change", changed);
};

type Props = { of: Schemas["Union"][]; total: number; more: (() => void) | undefined };

export function UnionTable({ of, total, more }: Props) {
  const isLong = total > LONG;
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const isPhone = useSyncExternalStore(onTurn, () => phone.matches);
  const height = isPhone ? HEIGHT.phone : HEIGHT.wide;
  // oxlint-disable-next-line react/incompatible-library -- what it gives stays in here
  const rows = useWindowVirtualizer({ count: of.length, estimateSize: () => height, overscan: OVER, scrollMargin: top, enabled: isLong, useFlushSync: false });
  useLayoutEffect(() => {
    const body = place.current?.querySelector("tbody");
    if (body !== null && body !== undefined) setTop(Math.round(body.getBoundingClientRect().top + scrollY));
  }, [isPhone, total]);
  useLayoutEffect(() => rows.measure(), [rows, height]);
  const seen = rows.getVirtualItems();
  const [first, last] = [seen[0], seen.at(-1)];
  useEffect(() => {
    if (isLong && last !== undefined && last.index >= of.length - AHEAD) more?.();
  }, [isLong, last, of.length, more]);
  const before = first === undefined ? 0 : first.start - top;
  const after = last === undefined ? 0 : rows.getTotalSize() + top - last.end;
  const drawn = isLong ? seen.flatMap(({ index }) => of[index] ?? []) : of;
  return (
    <div ref={place}>
      <Table
        label="Unions"
        className={isLong ? "un long" : "un"}
        head={["State", "Union", "What stands in the way", "Who acts next", "Image", "Societies", "Members", "Applied", "For"]}
        numbers={["Societies", "Members"]}
        rowCount={total + 1}
      >
        {isLong && <Gap height={before} />}
        {drawn.map((union, at) => (
          <UnionRow key={union.name} of={union} index={(isLong ? (first?.index ?? 0) : 0) + at + 2} />
        ))}
        {isLong && <Gap height={after} />}
      </Table>
    </div>
  );
}

/** The rows that are not drawn. */
const Gap = ({ height }: { height: number }) => (
  <tr className="gap" aria-hidden="true">
    <td colSpan={9} style={{ height }} />
  </tr>
);

/** The tag alone: which server it is is the same for most. */
const tag = (image: string | null) => image?.replace(/@.*$/, "").replace(/^.*:/, "");

// Each step of scrolling would draw all rows again that stay as they are.
const UnionRow = memo(function UnionRow({ of: union, index }: { of: Schemas["Union"]; index: number }) {
  return (
    <Row id={union.name} needsPerson={needsPerson(union.state)} index={index}>
      <Cell>
        <StateBadge state={union.state} />
      </Cell>
      <Name>
        <UnionLink name={union.name} />
        {union.displayName !== union.name && <span className="m hs"> {union.displayName}</span>}
      </Name>
      <Cell className="wide s">
        {isDown(union) && <b className="bad">Members cannot log in. </b>}
        <Said of={union.reason} />
      </Cell>
      <Cell className="s small hs">{union.actor !== null && union.actor !== undefined && ACTOR[union.actor]}</Cell>
      <Cell className="hs lg" title={union.image ?? undefined}>{tag(union.image)}</Cell>
      <Cell className="r hs lg">{union.societies}</Cell>
      <Cell className="r hs lg">{union.members}</Cell>
      <Cell className="hs mono" title={union.appliedRevision ?? undefined}>
        {union.appliedRevision === null ? "–" : short(union.appliedRevision)}
      </Cell>
      <Cell className="age r m small">
        <Ago at={union.since} />
      </Cell>
    </Row>
  );
});
