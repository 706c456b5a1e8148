// How far a revision is, in a line: of all unions that it brought something to, and of one.
import type { Schemas } from "../api/client";
import { UNION, UNION_STATES } from "./words";

/** What the unions that it brought something to are in, as lengths and in words. */
export function Track({ of }: { of: Schemas["RevisionDetail"] }) {
  const states = UNION_STATES.filter((state) => (of.countsByState[state] ?? 0) > 0);
  const total = states.reduce((sum, state) => sum + (of.countsByState[state] ?? 0), 0);
  if (of.open === 0 && total === 0) return <span className="m">{of.head ? "nothing to do" : "nothing is left of it"}</span>;
  return (
    <>
      <span className="trk" aria-hidden="true">
        {states.toReversed().map((state) => (
          <i key={state} className={UNION[state].tone} style={{ flexGrow: of.countsByState[state] }} />
        ))}
      </span>
      <span className="el">
        {states.map((state, at) => (
          <span key={state} className={UNION[state].tone}>
            {at > 0 && ", "}
            {of.countsByState[state]?.toLocaleString("en")} {UNION[state].word.toLowerCase()}
          </span>
        ))}
      </span>
    </>
  );
}
