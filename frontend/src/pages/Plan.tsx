// What exactly will change.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { union } from "../api/queries";
import { Asked } from "../components/asked";
import { NoPlan, PlanText, usePlan } from "../components/PlanText";
import { EXACT } from "../components/revision";
import { Box, Empty } from "../ui/blocks";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions/$union/plan");

export function PlanPage() {
  const { union: name } = route.useParams();
  const { only } = route.useSearch();
  const { data } = useQuery(union(name));
  const asked = usePlan(data);
  const waiting = asked.data === undefined ? 0 : asked.data.guards.length + (asked.data.waits?.changes.length ?? 0);
  return (
    <>
      {(waiting > 0 || only !== undefined) && (
        <nav className="chips" aria-label="Which changes">
          <route.Link to="/unions/$union/plan" params={{ union: name }} activeOptions={EXACT} className="chip" aria-current={only === undefined ? "true" : undefined}>
            All of it
          </route.Link>
          <route.Link to="/unions/$union/plan" params={{ union: name }} search={{ only: "waiting" }} activeOptions={EXACT} className="chip" aria-current={only === undefined ? undefined : "true"}>
            What waits <b>{waiting}</b>
          </route.Link>
        </nav>
      )}
      <Box title="Plan" about={<>the same as <code>keyforge plan --live</code></>} extra={asked.data !== undefined && <>looked at <Ago at={asked.data.lookedAt} /> ago</>}>
        {data?.desiredRevision === null ? <NoPlan /> : <Asked query={asked}>{(plan) => (only === undefined ? <PlanText of={plan} /> : waiting === 0 ? <NothingWaits /> : <PlanText of={{ ...plan, changes: [], awaited: [], findings: [] }} />)}</Asked>}
      </Box>
    </>
  );
}

const NothingWaits = () => (
  <Empty icon="ok" title="Nothing waits">
    <p>No change is kept for an approval, or for a window. What is left to do stands in all of the plan.</p>
  </Empty>
);
