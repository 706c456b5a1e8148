// Unions by state, each with how many, as links to the list of them.
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import type { UnionsAsked } from "../api/queries";
import { Icon } from "../ui/Icon";
import { EXACT } from "./revision";
import { UNION, UNION_STATES } from "./words";

type Chosen = UnionsAsked;

/** With `chosen` they filter a list, which then also has a chip for all. */
export function StateChips({ counts, chosen }: { counts: Schemas["UnionPage"]["countsByState"]; chosen?: Chosen }) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <nav className="chips" aria-label="By state">
      {chosen !== undefined && (
        <Link to="/unions" search={{ ...chosen, state: undefined }} activeOptions={EXACT} className="chip" aria-current={chosen.state === undefined ? "true" : undefined}>
          All <b>{all.toLocaleString("en")}</b>
        </Link>
      )}
      {UNION_STATES.filter((state) => (counts[state] ?? 0) > 0 || state === chosen?.state).map((state) => (
        <Link key={state} to="/unions" search={{ ...chosen, state }} activeOptions={EXACT} className="chip" aria-current={chosen?.state === state ? "true" : undefined}>
          <span className={`st ${UNION[state].tone}`}>
            <Icon name={UNION[state].icon} />
          </span>
          {UNION[state].word} <b>{(counts[state] ?? 0).toLocaleString("en")}</b>
        </Link>
      ))}
    </nav>
  );
}
