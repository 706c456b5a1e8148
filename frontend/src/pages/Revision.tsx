// Where is my commit? As far as it is told for all unions together.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { revision } from "../api/queries";
import { Asked } from "../components/asked";
import { Page } from "../components/Page";
import { short } from "../components/revision";
import { Track } from "../components/Track";
import { UNION, UNION_STATES } from "../components/words";
import { Box, Copy, Facts } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Ago, exact } from "../ui/time";

const route = getRouteApi("/revisions/$commit");

export function Revision() {
  const { commit } = route.useParams();
  const asked = useQuery(revision(commit));
  const { data } = asked;
  return (
    <Page
      title={data === undefined ? `Revision ${short(commit)}` : answer(data)}
      lead={data?.subject ?? undefined}
      meta={
        data !== undefined && (
          <>
            <span className="mono s">{short(commit)}</span>
            {data.author !== null && <span>{data.author}</span>}
            <span>
              fetched <Ago at={data.fetchedAt} /> ago
            </span>
            {!data.head && <span>a newer commit is the newest</span>}
          </>
        )
      }
    >
      <Asked query={asked} rows={8}>
        {(data) => (
          <div className="cols">
            <div className="stack">
              <States of={data} />
              <Box title="Deployments of it" about={total(data.deployments)}>
                <Facts of={total(data.deployments) === 0 ? [["None", "it changed nothing that is rolled out, or nothing has started"]] : Object.entries(data.deployments).map(([outcome, count]) => [outcome, count])} />
              </Box>
            </div>
            <Box title="Commit">
              <Facts
                of={[
                  ["Revision", <span key="" className="mono">{data.commit} <Copy text={data.commit} what="the commit" /></span>],
                  ["Author", data.author],
                  ["Committed", exact(data.committedAt)],
                  ["Fetched", exact(data.fetchedAt)],
                  ["First rollout", data.openedAt === null ? undefined : exact(data.openedAt)],
                  ["Last ended", data.closedAt === null ? undefined : exact(data.closedAt)],
                ]}
              />
            </Box>
          </div>
        )}
      </Asked>
    </Page>
  );
}

const total = (counts: Record<string, number | undefined>) => Object.values(counts).reduce((sum: number, count) => sum + (count ?? 0), 0);

function answer(of: Schemas["RevisionDetail"]): string {
  const unions = total(of.countsByState);
  if (of.open > 0) return `${of.open} ${of.open === 1 ? "rollout" : "rollouts"} of ${short(of.commit)} ${of.open === 1 ? "goes" : "go"} on`;
  if (unions === 0) return of.head ? `${short(of.commit)} is the newest commit` : `Nothing stands at ${short(of.commit)} any more`;
  return `${of.countsByState.current ?? 0} of ${unions} unions are current at ${short(of.commit)}`;
}

function States({ of }: { of: Schemas["RevisionDetail"] }) {
  const states = UNION_STATES.filter((state) => (of.countsByState[state] ?? 0) > 0);
  return (
    <Box title="Unions that stand at it" about={total(of.countsByState)}>
      {states.length === 0 ? (
        <div className="empty small s">
          <Track of={of} />
        </div>
      ) : (
        <div className="flow">
          {states.map((state) => (
            <div key={state}>
              <div className="top">
                <span className={`st ${UNION[state].tone}`}>
                  <Icon name={UNION[state].icon} />
                  {UNION[state].word}
                </span>
                <span className="n">{of.countsByState[state]}</span>
              </div>
            </div>
          ))}
        </div>
      )}
    </Box>
  );
}
