// What ran, how did it end, how long did it take?
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { deployments, type DeploymentsAsked } from "../api/queries";
import { Asked } from "../components/asked";
import { Durations } from "../components/Durations";
import { DayField, WordField } from "../components/filters";
import { DeploymentTable } from "../components/lists";
import { Lifted } from "../components/Lifted";
import { Page } from "../components/Page";
import { OUTCOMES, REASON } from "../components/words";
import { Empty, More } from "../ui/blocks";
import { useToday } from "../ui/time";

const all = getRouteApi("/deployments");
const ofOne = getRouteApi("/unions/$union/deployments");

export function Deployments() {
  const asked = all.useSearch();
  const { union, outcome, reason, since } = asked;
  const navigate = all.useNavigate();
  const today = useToday();
  const choose = (one: DeploymentsAsked) => void navigate({ search: (before) => ({ ...before, ...one }), replace: true });
  return (
    <Page title={union === undefined ? "Deployments" : `Deployments of ${union}`} lead="Each is the record of one rollout of one union.">
      <Lifted to="/deployments" of={asked} shown={["union"]} />
      <List of={asked}>
        <div className="days">
          <WordField label="Outcome" of={outcome} words={OUTCOMES} choose={(outcome) => choose({ outcome })} />
          <WordField label="Reason" of={reason} words={REASON} choose={(reason) => choose({ reason })} />
          <DayField label="Since" of={since} max={today} choose={(since) => choose({ since })} />
        </div>
      </List>
    </Page>
  );
}

export function UnionDeployments() {
  const { union } = ofOne.useParams();
  return <List key={union} of={{ union }} />;
}

function List({ of, children }: { of: DeploymentsAsked; children?: ReactNode }) {
  const asked = useInfiniteQuery({ ...deployments(of), placeholderData: keepPreviousData });
  return (
    <section className={`box ${asked.isPlaceholderData ? "dim" : ""}`} aria-label="Deployments">
      {children}
      <Asked query={asked} rows={12}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <None of={of} />;
          return (
            <>
              <Durations of={items} withUnion={of.union === undefined} />
              <DeploymentTable of={items} withUnion={of.union === undefined} />
              <More shown={items.length} what="newest first" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
            </>
          );
        }}
      </Asked>
    </section>
  );
}

function None({ of: { union, outcome, reason, since } }: { of: DeploymentsAsked }) {
  const set = [outcome, reason, since].filter((one) => one !== undefined).length;
  if (set > 0)
    return (
      <Empty icon="roll" title="No deployment matches">
        <p>
          <all.Link to="/deployments" search={{ union }} className="b">
            Clear {set === 1 ? "the filter" : `${set} filters`}
          </all.Link>
        </p>
      </Empty>
    );
  return (
    <Empty icon="roll" title="No deployment">
      <p>{union === undefined ? "The first accepted revision starts one for each union." : `Nothing was rolled out for ${union}, or there is no such union.`}</p>
    </Empty>
  );
}
