// How long rollouts took: is the newest slower than usual?
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { usualDeployments } from "../api/queries";
import { Box } from "../ui/blocks";
import { Dots, FEWEST } from "../ui/Dots";
import { duration, exact } from "../ui/time";
import { DeploymentLink } from "./revision";
import { REASON } from "./words";

type Deployment = Schemas["Deployment"];

/** Those that came to their own end: what a newer one cut short says nothing of time. */
const isOver = ({ outcome }: Deployment) => outcome === "succeeded" || outcome === "failed";

const isEnough = (of: Deployment[]) => of.filter(({ outcome }) => outcome === "succeeded").length >= FEWEST;

export function Durations({ of, withUnion }: { of: Deployment[]; withUnion: boolean }) {
  const dots = of.filter(isOver).flatMap(({ id, union, reason, openedAt, closedAt, outcome }) => {
    if (closedAt === null) return [];
    const [at, took] = [Date.parse(openedAt), Date.parse(closedAt) - Date.parse(openedAt)];
    return [{ key: id, at, took, isBad: outcome === "failed", link: <DeploymentLink id={id} text={withUnion ? union : REASON[reason]} />, said: `${withUnion ? `${union}, ` : ""}${REASON[reason]}, ${exact(at)}: ${outcome} after ${duration(took)}` }];
  });
  return <Dots of={dots} what="rollouts" />;
}

/** Those of all unions, in a panel; nothing while they are few. */
export function UsualDurations() {
  const items = useQuery(usualDeployments).data?.items ?? [];
  if (!isEnough(items)) return null;
  return (
    <Box title="Rollouts" about={`the newest ${items.length}`} extra={<Link to="/deployments">All</Link>}>
      <Durations of={items} withUnion />
    </Box>
  );
}
