// What exactly will change.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { union } from "../api/queries";
import { Asked } from "../components/asked";
import { NoPlan, PlanText, usePlan } from "../components/PlanText";
import { Box } from "../ui/blocks";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions/$union/plan");

export function PlanPage() {
  const { data } = useQuery(union(route.useParams().union));
  const asked = usePlan(data);
  return (
    <Box title="Plan" about={<>the same as <code>keyforge plan --live</code></>} extra={asked.data !== undefined && <>looked at <Ago at={asked.data.lookedAt} /> ago</>}>
      {data?.desiredRevision === null ? <NoPlan /> : <Asked query={asked}>{(plan) => <PlanText of={plan} />}</Asked>}
    </Box>
  );
}
