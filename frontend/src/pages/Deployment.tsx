// Where is this rollout, and if it stopped, why there?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { changes, deployment } from "../api/queries";
import { Asked } from "../components/asked";
import { Log } from "../components/Log";
import { inNumbers, took } from "../components/lists";
import { Page } from "../components/Page";
import { RevisionLink, shortId, UnionLink } from "../components/revision";
import { Steps } from "../components/Steps";
import { DeploymentBadge, DoneIcon, REASON } from "../components/words";
import { Box, Copy, Empty, Facts, Note } from "../ui/blocks";
import { Said } from "../ui/Said";
import { Ago, Clock, duration, exact, useNow } from "../ui/time";

const route = getRouteApi("/deployments/$deployment");

export function Deployment() {
  const { deployment: id } = route.useParams();
  const { level, line } = route.useSearch();
  const asked = useQuery(deployment(id));
  const done = useQuery(changes(id));
  const { data } = asked;
  return (
    <Page
      title={data === undefined ? `Deployment ${shortId(id)}` : `Deployment of ${data.union}`}
      heading={data === undefined ? undefined : <Heading of={data} />}
      meta={
        data !== undefined && (
          <>
            <span>
              of <UnionLink name={data.union} />
            </span>
            <span>
              for <RevisionLink revision={data.revision} />
            </span>
            <span>started {exact(data.openedAt)}</span>
            <span className="mono">{shortId(id)}</span>
          </>
        )
      }
      badges={data !== undefined && <Badge of={data} />}
    >
      <Asked query={asked} rows={10}>
        {(data) => (
          <>
            {data.failure !== null && data.failure !== undefined && (
              <Note tone="bad" icon="bad">
                <span className="wrap">
                  <b>{data.failure.stage === null ? "It failed" : `${data.failure.stage} failed`}.</b> <Said of={data.failure.message} />
                </span>
              </Note>
            )}
            <Box title="Steps" about={inNumbers(data.changes)} extra={took(data)}>
              <Asked query={done} rows={5}>
                {({ items }) => <Steps of={data} changes={items} />}
              </Asked>
            </Box>
            <div className="cols">
              <div className="stack">
                <Log key={`${id} ${level}`} of={data} level={level} chosen={line} />
              </div>
              <div className="stack">
                <FactsOf of={data} />
                <Box title="Events" extra="newest first">
                  <Asked query={done} rows={4}>
                    {({ items }) => <Events of={items} />}
                  </Asked>
                </Box>
              </div>
            </div>
          </>
        )}
      </Asked>
    </Page>
  );
}

function Heading({ of }: { of: Schemas["Deployment"] }) {
  if (of.outcome === "failed") return <>{of.union}: the rollout failed{of.failure?.stage !== null && of.failure?.stage !== undefined && ` at ${of.failure.stage}`}</>;
  if (of.outcome === "succeeded") return <>{of.union} was rolled out</>;
  if (of.outcome === "superseded") return <>{of.union}: a newer rollout took its place</>;
  if (of.outcome === "interrupted") return <>{of.union}: interrupted, and run again</>;
  return of.awaited === null ? <>{of.union} is rolled out</> : <>{of.union} waits for {of.awaited}</>;
}

function Badge({ of }: { of: Schemas["Deployment"] }) {
  const now = useNow();
  return <DeploymentBadge of={of} pill extra={`, ${took(of) ?? duration(now - Date.parse(of.openedAt))}`} />;
}

function FactsOf({ of }: { of: Schemas["Deployment"] }) {
  return (
    <Box title="Facts">
      <Facts
        of={[
          ["Reason", REASON[of.reason]],
          ["Planned", inNumbers(of.changes)],
          ["Kept", of.changes.keep],
          ["Deadline", of.deadline !== null && of.outcome === null ? <Clock key="" at={of.deadline} /> : undefined],
          ["Ended", of.closedAt === null ? undefined : <span key=""><Ago at={of.closedAt} /> ago</span>],
          ["State", <span key="" className="mono">{of.digest.slice(0, 19)}…</span>],
          ["Deployment", <span key="" className="mono">{of.id} <Copy text={of.id} what="the id" isId /></span>],
        ]}
      />
    </Box>
  );
}

function Events({ of }: { of: Schemas["Event"][] }) {
  if (of.length === 0)
    return (
      <Empty icon="skip" title="Nothing was changed">
        <p>What became of each change stands here.</p>
      </Empty>
    );
  return (
    <ol className="ev">
      {of.toReversed().map(({ at, event, resource, stage, message }) => (
        <li key={`${at} ${stage} ${resource.kind} ${resource.namespace} ${resource.name}`}>
          <span className="mono">
            <Clock at={at} />
          </span>
          <DoneIcon done={event} />
          <span className="wrap">
            {resource.kind} <b>{resource.name}</b> {event}
            {message !== null && (
              <span className="m">
                : <Said of={message} />
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
