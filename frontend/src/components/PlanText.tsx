// A plan as the terminal prints it. Its words are the server's; only colours are added.
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { plan } from "../api/queries";
import { Empty } from "../ui/blocks";
import { DigestLine } from "./DigestLine";

const SIGN: Record<string, { sign: string; tone: string; line: string }> = {
  create: { sign: "+", tone: "good", line: "lc" },
  update: { sign: "~", tone: "going", line: "" },
  delete: { sign: "-", tone: "bad", line: "ld" },
};

/** The plan of a union; there is none before something of it was accepted. */
export const usePlan = (of: Schemas["UnionDetail"] | undefined) => useQuery({ ...plan(of?.name ?? ""), enabled: of !== undefined && of.desiredRevision !== null });

export const NoPlan = () => (
  <Empty icon="wait" title="No plan yet">
    <p>Nothing of its documents was accepted.</p>
  </Empty>
);

export function PlanText({ of }: { of: Schemas["Plan"] }) {
  const { changes, waits, refused, hint, awaited, findings, guards } = of;
  const nothing = changes.length === 0 && awaited.length === 0 && guards.length === 0 && (waits === null || waits === undefined);
  if (refused === null && nothing && findings.length === 0)
    return (
      <Empty icon="ok" title="Nothing to do">
        <p>What the cluster and the server hold is what the files say.</p>
      </Empty>
    );
  const stages = [...new Set(changes.map(({ stage }) => stage))];
  return (
    <pre className="term" tabIndex={0} aria-label="Plan">
      <DigestLine of={of} />
      {refused !== null && (
        <span className="ln">
          <b className="bad">{refused}</b>
          {hint !== null && `\n  ${hint}`}
        </span>
      )}
      {stages.map((stage) => (
        <span key={stage} className="ln">
          {"\n"}
          <b>{stage}</b>
          {changes.filter((change) => change.stage === stage).map((change) => <Change key={change.text} of={change} />)}
        </span>
      ))}
      {waits !== null && waits !== undefined && (
        <span className="ln">
          {"\n"}
          <b className="attention">waits: {waits.why}</b>
          {waits.changes.map((change) => (
            <Change key={change.text} of={change} />
          ))}
        </span>
      )}
      {guards.map(({ digest, guard, why, changes: kept, approve }) => (
        <span key={digest} className="ln">
          {"\n"}
          <b className="attention">{guard}</b>: {why}
          {kept.map((change) => (
            <span key={change} className="ln">{`  ${change}`}</span>
          ))}
          <span className="ln">{`  to approve it, push a commit whose message ends with\n  ${approve}`}</span>
        </span>
      ))}
      {awaited.map(({ kind, name }) => (
        <span key={`${kind}/${name}`} className="ln">
          {"\n"}
          <span className="going">…</span> {kind} <b>{name}</b> is being deleted by the server
        </span>
      ))}
      {findings.map((finding) => (
        <span key={finding} className="ln lw">
          {finding}
        </span>
      ))}
    </pre>
  );
}

function Change({ of: { change, text, fields, takenOverFrom } }: { of: Schemas["PlannedChange"] }) {
  const look = SIGN[change] ?? { sign: "?", tone: "m", line: "" };
  return (
    <>
      <span className="ln">
        {"  "}
        <span className={look.tone}>{look.sign}</span> {text}
        {takenOverFrom.length > 0 && <span className="m"> taken over from {takenOverFrom.join(", ")}</span>}
      </span>
      {fields.map(({ path, from, to }) => (
        <span key={path} className="ln">
          {"      "}
          {path}
          {from !== undefined && <span className="ln ld">{`        - ${json(from)}`}</span>}
          {to !== undefined && <span className="ln lc">{`        + ${json(to)}`}</span>}
        </span>
      ))}
    </>
  );
}

const json = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
