// Commits and ids, short to read and whole to copy.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A link is of where one is only if all of its address is, what follows on `?` too. */
export const EXACT = { exact: true, includeSearch: true };

/** The digits of a revision as the API writes it: `main@sha1:4be19c7…`. */
export const digits = (revision: string) => /[0-9a-f]{40,64}/.exec(revision)?.[0] ?? revision;

export const short = (id: string) => digits(id).slice(0, 7);

export function RevisionLink({ revision }: { revision: string | null }) {
  if (revision === null) return <span className="m">none yet</span>;
  return (
    <Link to="/revisions/$commit" params={{ commit: digits(revision) }} className="mono" title={revision}>
      {short(revision)}
    </Link>
  );
}

/** Ids begin with their time: the last digits tell them apart. */
export const shortId = (id: string) => id.slice(-8);

export function DeploymentLink({ id, text }: { id: string; text?: ReactNode }) {
  return (
    <Link to="/deployments/$deployment" params={{ deployment: id }} className={text === undefined ? "mono" : ""} title={id}>
      {text ?? shortId(id)}
    </Link>
  );
}

export function UnionLink({ name, children }: { name: string; children?: string }) {
  return (
    <Link to="/unions/$union" params={{ union: name }}>
      {children ?? name}
    </Link>
  );
}
