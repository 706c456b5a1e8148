// What pages are put together from, whatever they are about.
import { useEffect, useRef, type ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

/** A panel with a head; `label` where another one has the same title. */
export function Box({ title, label = title, about, extra, children, className = "" }: { title: string; label?: string; about?: ReactNode; extra?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`box ${className}`} aria-label={label}>
      <header>
        <h2>{title}</h2>
        {about !== undefined && <span className="m">{about}</span>}
        {extra !== undefined && <span className="x">{extra}</span>}
      </header>
      {children}
    </section>
  );
}

/** A table, whose last column and numbers stand at the right; on phones each row is a card. Its roles are said, since cards would lose them. */
export function Table({ label, head, numbers = [], className = "", rowCount, children }: { label: string; head: string[]; numbers?: string[]; className?: string; rowCount?: number; children: ReactNode }) {
  return (
    <table className={`cards ${className}`} role="table" aria-label={label} aria-rowcount={rowCount}>
      <thead role="rowgroup">
        <tr role="row">
          {head.map((title, at) => (
            <th key={title} role="columnheader" scope="col" className={at === head.length - 1 || numbers.includes(title) ? "r" : ""}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

/** `index` counts from the head, of a table that is not drawn whole; `id` is what is copied of it. */
export function Row({ children, id, needsPerson = false, index, isChosen = false }: { children: ReactNode; id?: string; needsPerson?: boolean; index?: number; isChosen?: boolean }) {
  // What a link led to is in sight.
  const shown = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isChosen) shown.current?.scrollIntoView({ block: "center" });
  }, [isChosen]);
  return (
    <tr ref={shown} role="row" aria-rowindex={index} aria-current={isChosen ? "true" : undefined} data-id={id} data-row data-needs={needsPerson ? "" : undefined}>
      {children}
    </tr>
  );
}

export function Cell({ children, className = "", title }: { children?: ReactNode; className?: string; title?: string }) {
  return (
    <td role="cell" className={className} title={title}>
      {children}
    </td>
  );
}

/** The cell that says what the row is about. */
export function Name({ children }: { children: ReactNode }) {
  return (
    <th role="rowheader" scope="row">
      {children}
    </th>
  );
}

/** What would stand here, and why there is none. */
export function Empty({ icon, title, children, bad = false }: { icon: IconName; title: string; children?: ReactNode; bad?: boolean }) {
  return (
    <div className={`empty ${bad ? "bad" : icon === "ok" ? "good" : ""}`}>
      <Icon name={icon} />
      <p className="b">{title}</p>
      {children !== undefined && <div className="s small">{children}</div>}
    </div>
  );
}

/** Rows that are being asked for. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className="sk" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, at) => (
        <div key={at}>
          <i />
          <i />
          <i />
          <i />
        </div>
      ))}
    </div>
  );
}

export function Note({ tone, icon, children, action }: { tone?: "attention" | "bad"; icon: IconName; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={`note ${tone ?? ""}`}>
      <Icon name={icon} />
      <div>{children}</div>
      {action}
    </div>
  );
}

/** Names and values. */
export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className="kv">
      {of
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}

/** Copies what is shown. */
export function Copy({ text, what, isId = false }: { text: string; what: string; isId?: boolean }) {
  return (
    <button type="button" className="ib" data-copy={isId ? "id" : ""} onClick={() => void navigator.clipboard?.writeText(text)} aria-label={`Copy ${what}`} title={`Copy ${what}`}>
      <Icon name="copy" />
    </button>
  );
}

/** Saves a text as a file, made when it is asked for. */
export function Download({ name, text, what }: { name: string; text: () => string; what: string }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" className="button" onClick={save}>
      {what}
    </button>
  );
}

/** A line for somebody's terminal or commit. */
export function Command({ text, what }: { text: string; what: string }) {
  return (
    <div className="cmd">
      <code tabIndex={0} aria-label={what} role="textbox" aria-readonly>
        {text}
      </code>
      <Copy text={text} what={what} />
    </div>
  );
}

/** The rest of a list; what `toEnd` does is on the key `End` too. */
export function More({ shown, what, hasMore, hasFailed = false, isLoading, load, toEnd }: { shown: ReactNode; what?: ReactNode; hasMore: boolean; hasFailed?: boolean; isLoading: boolean; load: () => void; toEnd?: () => void }) {
  return (
    <div className="more">
      <span>
        <b>{shown}</b> {what} {hasFailed && !isLoading && <span className="bad">Could not read further.</span>}
      </span>
      {hasMore && (
        <span className="x">
          {toEnd !== undefined && (
            <button type="button" className="s" data-end onClick={toEnd} disabled={isLoading}>
              To the end
            </button>
          )}
          <button type="button" className="b" onClick={load} disabled={isLoading}>
            {isLoading ? "Reading…" : hasFailed ? "Try again" : "Show more"}
          </button>
        </span>
      )}
    </div>
  );
}
