// Whether what is shown is what is: said small while it is, and over the page when it is not.
import { notifyManager, useIsFetching, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState, useSyncExternalStore } from "react";
import { Problem, type Schemas } from "../api/client";
import { askAnew, isLong, stream, tryNow } from "../api/events";
import { health, overview } from "../api/queries";
import { Note } from "../ui/blocks";
import { Ago, age, Clock, useNow } from "../ui/time";

const follow = (changed: () => void) => {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
};
const useOnline = () => useSyncExternalStore(follow, () => navigator.onLine);

/** Whether a list is on screen that is not asked for anew by itself. */
function useLong() {
  const seen = useQueryClient().getQueryCache();
  const follow = useCallback((changed: () => void) => seen.subscribe(notifyManager.batchCalls(changed)), [seen]);
  return useSyncExternalStore(follow, () => seen.findAll({ type: "active" }).some(({ state }) => isLong(state.data)));
}

/** What all that is shown comes from. */
const SOURCES = ["database", "cluster"];

export function Live() {
  const now = stream.use();
  const isOnline = useOnline();
  const isReading = useLong();
  const { dataUpdatedAt } = useQuery(overview);
  const needed = useQuery(health).data?.dependencies;
  const isAway = SOURCES.some((name) => needed?.[name]?.status === "down");
  const isLive = now.state === "live" && isOnline && !isAway;
  const lost = isReading ? "Not following" : "Asking every 15 s";
  return (
    <section className="live" aria-label="Connection">
      <span className={`dot ${isLive ? "" : "off"}`} />
      <span role="status">{isLive ? "Live" : !isOnline ? "Offline" : now.state === "opening" ? "Connecting" : now.state === "live" ? "As last known" : lost}</span>
      {dataUpdatedAt > 0 && (
        <span className="hs">
          updated <Ago at={new Date(dataUpdatedAt).toISOString()} /> ago
        </span>
      )}
    </section>
  );
}

/** What does not answer, and what goes on or waits meanwhile. */
const AWAY: Record<string, { fact: string; consequence: string; tone?: "bad" }> = {
  database: { fact: "The database is away", consequence: "You see what was known; nothing is rolled out until it answers." },
  cluster: { fact: "The cluster is away", consequence: "Members are not affected by that alone; new revisions and drift wait." },
  git: { fact: "Git cannot be reached", consequence: "What was accepted is kept and drift is repaired; new commits wait." },
  clock: { fact: "The clock of this machine is off", consequence: "Times may be wrong." },
  notifications: { fact: "A place of notifications does not answer", consequence: "What is to be told there is tried for a day, and then given up." },
  audit: { fact: "Nobody vouches for the audit", consequence: "Records may have been changed or taken out; the log of the daemon says what was found.", tone: "bad" },
  vaultwarden: { fact: "A vault does not answer", consequence: "Its union tells which; the others go on." },
};

/** How the followed branch may be found that is there, and not as it should be. */
const BRANCH: Partial<Record<Schemas["SourceState"], string>> = {
  missing: "The followed branch is missing",
  rewritten: "The followed branch was rewritten",
};

/** What everybody who looks at this should know first. */
export function Notes() {
  const readiness = useQuery(health);
  const fleet = useQuery(overview);
  const source = fleet.data?.source ?? undefined;
  return (
    <div className="notes" aria-live="polite">
      <Lost isAway={readiness.error instanceof Problem} at={readiness.dataUpdatedAt} />
      {readiness.data !== undefined && <Newer version={readiness.data.version} />}
      {Object.entries(readiness.data?.dependencies ?? {})
        .filter(([, { status }]) => status === "down")
        .map(([name, dependency]) => (
          <Away key={name} name={name} dependency={dependency} />
        ))}
      {source !== undefined && BRANCH[source.state] !== undefined && (
        <Note tone="attention" icon="branch">
          <b>
            {BRANCH[source.state]} since <Clock at={source.since} /> UTC.
          </b>{" "}
          <span className="wrap">{source.reason}</span>
        </Note>
      )}
      {fleet.data !== undefined && fleet.data.stopped !== null && fleet.data.stopped !== undefined && (
        <Note tone="attention" icon="held">
          <b>Nobody works on any union since <Ago at={fleet.data.stopped.since} />.</b> {fleet.data.stopped.why}. An operator goes on with <code>keyforge resume</code>.
        </Note>
      )}
    </div>
  );
}

function Newer({ version }: { version: string }) {
  // The version that answered first: this page came with it.
  const [own] = useState(version);
  if (version === own) return null;
  return (
    <Note
      icon="clock"
      action={
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      }
    >
      <b>Keyforge is {version} now.</b> This page came with {own}.
    </Note>
  );
}

function Away({ name, dependency: { since, reason } }: { name: string; dependency: Schemas["Dependency"] }) {
  return (
    <Note tone={AWAY[name]?.tone ?? "attention"} icon={AWAY[name]?.tone === "bad" ? "bad" : "clock"}>
      <b>
        {AWAY[name]?.fact ?? `${name} is away`}
        {since !== undefined && (
          <>
            {" since "}
            <Clock at={since} /> UTC
          </>
        )}
        .
      </b>{" "}
      {AWAY[name]?.consequence} {reason !== undefined && <span className="wrap m">{reason}</span>}
    </Note>
  );
}

function Lost({ isAway, at }: { isAway: boolean; at: number }) {
  const now = stream.use();
  const clock = useNow();
  const isOnline = useOnline();
  const queries = useQueryClient();
  const isAsking = useIsFetching() > 0;
  if (isOnline && !isAway && (now.state !== "lost" || clock - now.since < 3_000)) return null;
  const again = () => {
    tryNow();
    askAnew(queries);
  };
  return (
    <Note
      tone="attention"
      icon="drift"
      action={
        <button type="button" onClick={again} disabled={isAsking}>
          Try now
        </button>
      }
    >
      <b>{!isOnline ? "This browser is offline." : now.state === "lost" ? `Connection lost ${age(clock - now.since)} ago.` : "Keyforge does not answer."}</b>{" "}
      {at > 0 && (
        <>
          You see the state of <Clock at={new Date(at).toISOString()} /> UTC.{" "}
        </>
      )}
      {now.state === "lost" && isOnline && `Next try in ${age(Math.max(0, now.nextTry - clock))}.`}
    </Note>
  );
}
