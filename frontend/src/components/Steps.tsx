// The stages of a deployment on one time axis: from the first change of each to the last, and what is waited for after them.
import type { Schemas } from "../api/client";
import { Icon } from "../ui/Icon";
import { duration, useNow } from "../ui/time";
import { toneOf, type Tone } from "./words";

type Step = { name: string; note: string; from: number; to: number; tone: Tone };

/** Each stage ends with its last event, and the next begins there. */
export function steps(of: Schemas["Deployment"], changes: Schemas["Event"][], now: number): Step[] {
  const found: Step[] = [];
  let from = Date.parse(of.openedAt);
  for (const stage of new Set(changes.map((change) => change.stage))) {
    const own = changes.filter((change) => change.stage === stage);
    const to = Math.max(from, ...own.map(({ at }) => Date.parse(at)));
    const failed = own.some(({ event }) => event === "failed");
    const counts = Map.groupBy(own, ({ event }) => event);
    const note = [...counts].map(([event, those]) => `${those.length} ${event}`).join(", ");
    found.push({ name: stage, note, from, to, tone: failed ? "bad" : "good" });
    from = to;
  }
  const to = of.closedAt === null ? now : Date.parse(of.closedAt);
  const hasFailed = found.some(({ tone }) => tone === "bad");
  if (!hasFailed && (of.outcome !== null || of.phase === "waiting" || found.length === 0))
    found.push({ name: of.phase === "running" ? "Plan and apply" : "Wait for health", note: of.awaited ?? "", from, to, tone: toneOf(of) });
  return found;
}

const ICON = { good: "ok", going: "run", attention: "warn", bad: "bad", rest: "skip" } as const;

export function Steps({ of, changes }: { of: Schemas["Deployment"]; changes: Schemas["Event"][] }) {
  const now = useNow();
  const found = steps(of, changes, now);
  const start = Date.parse(of.openedAt);
  const whole = Math.max(1, ...found.map(({ to }) => to - start));
  const percent = (part: number) => `${((100 * part) / whole).toFixed(2)}%`;
  return (
    <ol className="wf">
      {found.map(({ name, note, from, to, tone }) => (
        <li key={name} className={tone === "going" ? "now-step" : ""}>
          <span>
            <span className={tone}>
              <Icon name={ICON[tone]} />
            </span>
            {` ${name} `}
            <span className="m small">{note}</span>
          </span>
          <span className="lane" aria-hidden="true">
            <i className={tone} style={{ left: percent(from - start), width: percent(to - from) }} />
          </span>
          <span className="r m small nw">{duration(to - from)}</span>
        </li>
      ))}
    </ol>
  );
}
