// What ran, how did it end, how long did it take?
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deployments } from "../api/queries";
import { Asked } from "../components/asked";
import { Durations } from "../components/Durations";
import { DeploymentTable } from "../components/lists";
import { Lifted } from "../components/Lifted";
import { Page } from "../components/Page";
import { Empty, More } from "../ui/blocks";

const all = getRouteApi("/deployments");
const ofOne = getRouteApi("/unions/$union/deployments");

export function Deployments() {
  const { union } = all.useSearch();
  return (
    <Page title={union === undefined ? "Deployments" : `Deployments of ${union}`} lead="Each is the record of one rollout of one union.">
      <Lifted to="/deployments" of={{ union }} />
      <List union={union} />
    </Page>
  );
}

export function UnionDeployments() {
  const { union } = ofOne.useParams();
  return <List union={union} />;
}

function List({ union }: { union: string | undefined }) {
  const asked = useInfiniteQuery(deployments(union));
  return (
    <section className="box" aria-label="Deployments">
      <Asked query={asked} rows={12}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0)
            return (
              <Empty icon="roll" title="No deployment">
                <p>{union === undefined ? "The first accepted revision starts one for each union." : `Nothing was rolled out for ${union}, or there is no such union.`}</p>
              </Empty>
            );
          return (
            <>
              <Durations of={items} withUnion={union === undefined} />
              <DeploymentTable of={items} withUnion={union === undefined} />
              <More shown={items.length} what="newest first" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
            </>
          );
        }}
      </Asked>
    </section>
  );
}
