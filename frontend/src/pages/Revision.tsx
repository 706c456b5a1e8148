// Where is my commit? How far it is for all unions together, and for each where it stands, why, for how long and what to do.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Fragment } from "react";
import { Problem, type Schemas } from "../api/client";
import { revision, revisionUnion } from "../api/queries";
import { Asked } from "../components/asked";
import { NotSeen } from "../components/NotSeen";
import { Page } from "../components/Page";
import { EXACT, short } from "../components/revision";
import { Commit, Files, Outcome } from "../components/RevisionSide";
import { Steps, WayTable } from "../components/Way";
import { REVISION, REVISION_STATES } from "../components/words";
import { Box, Empty, More, Note } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Ago } from "../ui/time";

const route = getRouteApi("/revisions/$commit");

type Way = Schemas["RevisionWay"];

export function Revision() {
  const { commit } = route.useParams();
  const { state, union } = route.useSearch();
  const asked = useInfiniteQuery(revision(commit, state));
  const data = asked.data?.pages[0];
  const items = asked.data?.pages.flatMap((page) => page.items) ?? [];
  // What the steps look like does not follow the filter.
  const whole = useInfiniteQuery(revision(commit)).data?.pages[0];
  const isShown = union === undefined || items.some((one) => one.union === union);
  // It may stand on a page that is not read yet, or be filtered away.
  const alone = useQuery({ ...revisionUnion(commit, union ?? ""), enabled: data !== undefined && !isShown });
  const isUnseen = data === undefined && asked.error instanceof Problem && asked.error.status === 404;
  return (
    <Page
      title={isUnseen ? `${short(commit)} was not seen` : data === undefined ? `Revision ${short(commit)}` : answer(data)}
      lead={data === undefined ? undefined : <Exceptions of={data} />}
      meta={
        data !== undefined && (
          <>
            {data.subject !== null && <span className="s wrap">{data.subject}</span>}
            {data.author !== null && <span>{data.author}</span>}
            <span>
              fetched <Ago at={data.fetchedAt} /> ago
            </span>
            {!data.head && <span>newer commits came after it</span>}
          </>
        )
      }
    >
      {isUnseen && <NotSeen commit={commit} />}
      {!isUnseen && (
        <Asked query={asked} rows={8}>
          {() =>
            data !== undefined && (
              <>
                {data.total > 0 && <Steps of={whole ?? { ...data, items: [] }} />}
                <div className="cols">
                  <div className="stack">
                    {union !== undefined && alone.data?.items.length === 0 && (
                      <Note icon="unk">
                        <b>{union} is not touched by this revision</b>, or not yours to see.
                      </Note>
                    )}
                    <Unions of={data} items={isShown ? items : [...(alone.data?.items ?? []), ...items]} read={items.length} state={state} union={union} asked={asked} />
                  </div>
                  <div className="stack">
                  <Commit of={data} />
                  <Outcome of={data} />
                  <Files commit={data.commit} />
                </div>
                </div>
              </>
            )
          }
        </Asked>
      )}
    </Page>
  );
}

type Paged = { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };

function Unions({ of, items, read, state, union, asked }: { of: Way; items: Way["items"]; read: number; state: Schemas["RevisionState"] | undefined; union: string | undefined; asked: Paged }) {
  const steps = of.steps.map(({ step }) => step);
  if (of.total === 0)
    return (
      <section className="box">
        <Empty icon="commit" title="No union is touched by it">
          <p>It changes nothing that Keyforge reads, or nothing that is yours to see.</p>
        </Empty>
      </section>
    );
  return (
    <Box title="Unions" about={<Filters of={of} state={state} />}>
      {items.length === 0 ? (
        <Empty icon="box" title="None of its unions is there">
          <p>
            <route.Link to="/revisions/$commit" params={{ commit: of.commit }} className="b">
              Show all {of.total.toLocaleString("en")}
            </route.Link>
          </p>
        </Empty>
      ) : (
        <>
          <WayTable of={items} steps={steps} chosen={union} />
          <More shown={`${read.toLocaleString("en")} of ${(state === undefined ? of.total : (of.unionsByState[state] ?? 0)).toLocaleString("en")}`} what="worst first" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
        </>
      )}
    </Box>
  );
}

function Filters({ of, state }: { of: Way; state: Schemas["RevisionState"] | undefined }) {
  return (
    <nav className="chips" aria-label="By state">
      <route.Link to="/revisions/$commit" params={{ commit: of.commit }} activeOptions={EXACT} className="chip" aria-current={state === undefined ? "true" : undefined}>
        All <b>{of.total.toLocaleString("en")}</b>
      </route.Link>
      {REVISION_STATES.filter((one) => (of.unionsByState[one] ?? 0) > 0 || one === state).map((one) => (
        <route.Link key={one} to="/revisions/$commit" params={{ commit: of.commit }} search={{ state: one }} activeOptions={EXACT} className="chip" aria-current={one === state ? "true" : undefined}>
          <span className={`st ${REVISION[one].tone}`}>
            <Icon name={REVISION[one].icon} />
          </span>
          {REVISION[one].word} <b>{(of.unionsByState[one] ?? 0).toLocaleString("en")}</b>
        </route.Link>
      ))}
    </nav>
  );
}

function answer({ commit, total, unionsByState, steps }: Way): string {
  const id = short(commit);
  if (total === 0) return `${id} changes nothing that Keyforge reads`;
  const count = (state: Schemas["RevisionState"]) => unionsByState[state] ?? 0;
  if (count("superseded") === total) return `Newer revisions took the place of ${id}`;
  const is = steps.at(-1)?.step === "provisioned" ? "in place" : "healthy";
  const done = count("done");
  if (done === total) return total === 1 ? `Its union is ${is} with ${id}` : `All ${total.toLocaleString("en")} unions are ${is} with ${id}`;
  return `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${total === 1 ? "union is" : "unions are"} ${is} with ${id}`;
}

/** What keeps the rest. */
function Exceptions({ of: { unionsByState } }: { of: Way }) {
  const told = REVISION_STATES.filter((state) => state !== "done" && (unionsByState[state] ?? 0) > 0);
  if (told.length === 0) return null;
  return (
    <>
      {told.map((state, at) => (
        <Fragment key={state}>
          {at > 0 && (at === told.length - 1 ? " and " : ", ")}
          <span className={`b ${REVISION[state].tone}`}>
            {(unionsByState[state] ?? 0).toLocaleString("en")} {REVISION[state].said}
          </span>
        </Fragment>
      ))}
      .
    </>
  );
}
