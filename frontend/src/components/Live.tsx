// Whether what is shown is what is: said small while it is, and over the page when it is not.
import { useIsFetching, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { Problem, type Schemas } from "../api/client";
import { stream, tryNow } from "../api/events";
import { counts, health } from "../api/queries";
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

export function Live() {
  const now = stream.use();
  const isOnline = useOnline();
  const { dataUpdatedAt } = useQuery(counts);
  const isLive = now.state === "live" && isOnline;
  return (
    <section className="live" aria-label="Connection">
      <span className={`dot ${isLive ? "" : "off"}`} />
      <span role="status">{isLive ? "Live" : now.state === "opening" ? "Connecting" : isOnline ? "Asking every 15 s" : "Offline"}</span>
      {dataUpdatedAt > 0 && (
        <span className="hs">
          updated <Ago at={new Date(dataUpdatedAt).toISOString()} /> ago
        </span>
      )}
    </section>
  );
}

const AWAY: Record<string, string> = {
  database: "The database is away",
  cluster: "The cluster is away",
  git: "Git is away",
};

/** What everybody who looks at this should know first. */
export function Notes() {
  const readiness = useQuery(health);
  const fleet = useQuery(counts);
  return (
    <div className="notes" aria-live="polite">
      <Lost isAway={readiness.error instanceof Problem} at={readiness.dataUpdatedAt} />
      {Object.entries(readiness.data?.dependencies ?? {})
        .filter(([, { status }]) => status === "down")
        .map(([name, dependency]) => (
          <Away key={name} name={name} dependency={dependency} />
        ))}
      {fleet.data !== undefined && fleet.data.stopped !== null && fleet.data.stopped !== undefined && (
        <Note tone="attention" icon="held">
          <b>Nobody works on any union since <Ago at={fleet.data.stopped.since} />.</b> {fleet.data.stopped.why}. An operator goes on with <code>keyforge go</code>.
        </Note>
      )}
    </div>
  );
}

function Away({ name, dependency: { since, reason } }: { name: string; dependency: Schemas["Dependency"] }) {
  return (
    <Note tone="attention" icon="clock">
      <b>
        {AWAY[name] ?? `${name} is away`}
        {since !== undefined && (
          <>
            {" since "}
            <Clock at={since} /> UTC
          </>
        )}
        .
      </b>{" "}
      You see what was known. {reason !== undefined && <span className="wrap">{reason}</span>}
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
    void queries.invalidateQueries();
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
