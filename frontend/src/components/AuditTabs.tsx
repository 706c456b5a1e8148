// The two halves of the audit: what was done, and who could read what.
import { Link, useLocation } from "@tanstack/react-router";
import { EXACT } from "./revision";

export function AuditTabs({ union }: { union: string | undefined }) {
  const { pathname } = useLocation();
  const here = (path: string) => (pathname === path ? "page" : undefined);
  return (
    <nav className="tabs" aria-label="Audit">
      <Link to="/audit" search={{ union }} activeOptions={EXACT} aria-current={here("/audit")}>
        What was done
      </Link>
      <Link to="/audit/access" search={{ union }} activeOptions={EXACT} aria-current={here("/audit/access")}>
        Who could read what
      </Link>
    </nav>
  );
}
