// The filters of a list that stand in the address, each as a chip that lifts it.
import { Link } from "@tanstack/react-router";
import { short } from "./revision";

type Filters = { union?: string; commit?: string };

/** Gives nothing where none is set. */
export function Lifted({ to, of }: { to: "/audit" | "/deployments"; of: Filters }) {
  const { union, commit } = of;
  if (union === undefined && commit === undefined) return null;
  return (
    <nav className="chips" aria-label="Filters">
      {union !== undefined && (
        <Link to={to} search={{ commit }} className="chip" aria-label={`Lift the filter ${union}`}>
          union <b>{union}</b> ×
        </Link>
      )}
      {commit !== undefined && (
        <Link to={to} search={{ union }} className="chip" aria-label={`Lift the filter ${short(commit)}`}>
          commit <b className="mono">{short(commit)}</b> ×
        </Link>
      )}
    </nav>
  );
}
