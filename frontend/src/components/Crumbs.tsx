// Where the page stands, from its path.
import { Link, useLocation } from "@tanstack/react-router";
import { Icon } from "../ui/Icon";
import { EXACT, short, shortId } from "./revision";

const NAMES: Record<string, string> = {
  unions: "Unions",
  deployments: "Deployments",
  revisions: "Revisions",
  diagnostics: "Diagnostics",
  audit: "Audit",
  societies: "Societies",
  resources: "Resources",
  plan: "Plan",
  fields: "Fields",
  logs: "Logs",
  drift: "Drift",
  timeline: "Timeline",
  access: "Who could read what",
};

/** What stands below these is named by people, or is an id. */
const NAMED = ["unions", "societies", "revisions", "deployments"];

export function Crumbs() {
  const { pathname } = useLocation();
  const parts = pathname.split("/").filter((part) => part !== "");
  const steps = parts.map((part, at) => {
    const above = parts[at - 1];
    const own = above === "revisions" ? short(part) : above === "deployments" ? shortId(part) : part;
    const name = at % 2 === 1 && NAMED.includes(above ?? "") ? own : (NAMES[part] ?? part);
    return { path: `/${parts.slice(0, at + 1).join("/")}`, name: decodeURIComponent(name) };
  });
  if (steps.length === 0) steps.push({ path: "/", name: "Overview" });
  return (
    <nav className="crumb" aria-label="You are here">
      <ol>
        {steps.map(({ path, name }, at) => {
          const isHere = at === steps.length - 1;
          return (
            <li key={path}>
              {at > 0 && <Icon name="chev" small />}
              {isHere ? (
                <span aria-current="page">{name}</span>
              ) : (
                <Link to={path} activeOptions={EXACT} data-up={at === steps.length - 2 ? "" : undefined}>
                  {name}
                </Link>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
