// The filters of a list that stand in the address, each as a chip that removes it and leaves the others.
import { Link } from "@tanstack/react-router";
import { short } from "./revision";

/** `of` is all that the list is asked for; `shown` are those that have no field of their own. Gives nothing where none is set. */
export function Lifted<T extends object>({ to, of, shown }: { to: "/audit" | "/deployments" | "/diagnostics"; of: T; shown: (keyof T & string)[] }) {
  const set = shown.flatMap((name) => (typeof of[name] === "string" ? [{ name, value: of[name] }] : []));
  if (set.length === 0) return null;
  return (
    <nav className="chips" aria-label="Filters">
      {set.map(({ name, value }) => (
        <Link key={name} to={to} search={{ ...of, [name]: undefined }} className="chip" aria-label={`Remove filter: ${name} ${value}`}>
          {name} <b className={name === "commit" ? "mono" : ""}>{name === "commit" ? short(value) : value}</b> ×
        </Link>
      ))}
    </nav>
  );
}
