// What a plan leads to.
import type { Schemas } from "../api/client";
import { short } from "./revision";

export function DigestLine({ of: { digest, name, revision } }: { of: Schemas["Plan"] }) {
  return (
    <span className="ln">
      <b>{digest === null ? "no plan" : `plan ${digest.slice(0, 19)}…`}</b>
      {"   "}
      {name} → {short(revision)}
    </span>
  );
}
