// Diagnostics as the terminal prints them, without the lines of the file, which the API does not tell.
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";

const place = ({ path, line, column }: Schemas["Place"]) => `${path}:${line}:${column}`;

const TONE: Record<Schemas["Severity"], string> = { error: "bad", warning: "attention" };

export function DiagnosticText({ of }: { of: Schemas["Diagnostic"][] }) {
  return (
    <pre className="term" tabIndex={0} aria-label="Diagnostics">
      {of.map((one) => (
        <Diagnostic key={`${place(one)} ${one.code} ${one.message}`} of={one} />
      ))}
    </pre>
  );
}

function Diagnostic({ of }: { of: Schemas["Diagnostic"] }) {
  const { severity, code, message, label, notes, hint } = of;
  return (
    <span className="ln">
      <b className={TONE[severity]}>
        {severity}[
        <Link to="/diagnostics" search={{ code }}>
          {code}
        </Link>
        ]
      </b>
      <b>: {message}</b>
      {`\n  --> `}
      {place(of)}
      {label !== "" && <span className={TONE[severity]}>{`   ${label}`}</span>}
      {notes.map((note) => (
        <span key={`${place(note)} ${note.message}`}>{`\n   = note: ${note.message}\n  --> ${place(note)}`}</span>
      ))}
      {hint !== null && (
        <>
          {`\n   = `}
          <span className="going">hint</span>: {hint}
        </>
      )}
      {"\n\n"}
    </span>
  );
}
