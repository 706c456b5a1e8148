// Which unions …? The server searches, counts and pages; the URL holds what is asked.
import { keepPreviousData, useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, type ComponentProps } from "react";
import type { Schemas } from "../api/client";
import { isLong, movedAt } from "../api/events";
import { unions } from "../api/queries";
import { Asked } from "../components/asked";
import { StateChips } from "../components/chips";
import { FilterBox } from "../components/FilterBox";
import { Moved, useHeld } from "../components/held";
import { Page } from "../components/Page";
import { UnionTable } from "../components/UnionTable";
import { UNION } from "../components/words";
import { Empty, More, Note } from "../ui/blocks";

const route = getRouteApi("/unions");

const CAN_BE_ASKED = "Name or domain, state: image: label: member:";

export function Unions() {
  const asked = route.useSearch();
  const list = useInfiniteQuery({ ...unions(asked), placeholderData: keepPreviousData });
  const first = list.data?.pages[0];
  const more = () => void list.fetchNextPage();
  const question = JSON.stringify(asked);
  const toEnd = useEnd(list, question);
  return (
    <Page title="Unions" lead={first === undefined ? undefined : `${first.total.toLocaleString("en")} ${asked.state === undefined ? "in all" : UNION[asked.state].word.toLowerCase()}${asked.search === undefined ? "" : `, matching “${asked.search}”`}.`}>
      <SearchBox of={asked.search} sort={asked.sort} />
      {first !== undefined && <StateChips counts={first.countsByState} chosen={asked} />}
      {hasMoved(list) && (
        <Note icon="down" action={<button type="button" onClick={() => void list.refetch()}>Show them</button>}>
          <Changed since={first?.readAt ?? 0} of={list.data?.pages ?? []} /> The order stays until you ask for it.
        </Note>
      )}
      <section className={`box ${list.isPlaceholderData ? "dim" : ""}`} aria-label="Unions" aria-busy={list.isFetching}>
        <Asked query={list} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0) return <None {...asked} />;
            return (
              <>
                <Rows key={question} isLong={isLong(list.data)} of={items} total={first?.total ?? 0} more={list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError ? more : undefined} />
                <More shown={`1 to ${items.length.toLocaleString("en")} of ${first?.total.toLocaleString("en") ?? ""}`} hasMore={list.hasNextPage} hasFailed={list.isFetchNextPageError} isLoading={list.isFetchingNextPage} load={more} toEnd={toEnd} />
              </>
            );
          }}
        </Asked>
      </section>
    </Page>
  );
}

/** How many unions are another than the list has them. */
function Changed({ since, of }: { since: number; of: { items: Schemas["Union"][] }[] }) {
  const moved = movedAt.use();
  const count = of.flatMap(({ items }) => items).filter(({ name }) => (moved.get(name) ?? 0) > since).length;
  return <b>{count === 0 ? "Some unions have" : count === 1 ? "1 union has" : `${count.toLocaleString("en")} unions have`} changed.</b>;
}

const name = ({ name }: Schemas["Union"]) => name;

/** Of a list that is read anew by itself rows stay where they are as long as somebody points at them; a long one stays by itself. */
function Rows({ of, isLong, ...rest }: ComponentProps<typeof UnionTable> & { isLong: boolean }) {
  const { shown, moved, show, holds } = useHeld(of, name, isLong);
  return (
    <div {...holds}>
      {moved > 0 && <Moved count={moved} show={show} />}
      <UnionTable of={shown} {...rest} />
    </div>
  );
}

type List = Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "fetchNextPage">;

/** What says that somebody does not want to go to the end any more. */
const ELSE = ["wheel", "keydown", "pointerdown"] as const;

/** Reads what is left of the list that is asked for, and goes to its end; whoever does something else meanwhile stays where they are. */
function useEnd({ hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage }: List, question: string): () => void {
  const asked = useRef<string>(undefined);
  useEffect(() => {
    if (asked.current === undefined || isFetchingNextPage) return;
    if (asked.current !== question || isFetchNextPageError) asked.current = undefined;
    else if (hasNextPage) void fetchNextPage();
    else {
      asked.current = undefined;
      scrollTo({ top: document.documentElement.scrollHeight });
    }
  });
  useEffect(() => {
    const stop = (event: Event) => {
      if (!(event instanceof KeyboardEvent && event.key === "End")) asked.current = undefined;
    };
    for (const one of ELSE) addEventListener(one, stop, { capture: true, passive: true });
    return () => ELSE.forEach((one) => removeEventListener(one, stop, { capture: true }));
  }, []);
  return () => {
    asked.current = question;
    void fetchNextPage();
  };
}

/** A list of many pages is not read anew under whoever scrolls in it. */
const hasMoved = ({ data, isStale, isFetching }: { data: unknown; isStale: boolean; isFetching: boolean }) => isLong(data) && isStale && !isFetching;

function SearchBox({ of, sort }: { of: string | undefined; sort: "name" | undefined }) {
  const navigate = useNavigate({ from: "/unions" });
  const choose = useCallback((search: string | undefined) => void navigate({ search: (before) => ({ ...before, search }), replace: true }), [navigate]);
  return (
    <search className="query">
      <FilterBox label={CAN_BE_ASKED} of={of} choose={choose} />
      <label className="sort">
        <span className="hidden">Order</span>
        <select value={sort ?? "worst"} onChange={({ target: { value } }) => void navigate({ search: (before) => ({ ...before, sort: value === "name" ? "name" : undefined }), replace: true })}>
          <option value="worst">Worst first</option>
          <option value="name">By name</option>
        </select>
      </label>
    </search>
  );
}

function None({ state, search }: { state?: keyof typeof UNION; search?: string }) {
  if (state === undefined && search === undefined)
    return (
      <Empty icon="box" title="No unions yet">
        <p>
          Add <code>unions/&lt;name&gt;/union.yaml</code> to the config repo, or run <code>keyforge init</code>.
        </p>
      </Empty>
    );
  return (
    <Empty icon="box" title="No union matches">
      <p>
        None {state !== undefined && `is in state ${UNION[state].word.toLowerCase()}`}
        {state !== undefined && search !== undefined && " and "}
        {search !== undefined && `matches “${search}”`}.
      </p>
      <p>
        <route.Link to="/unions" className="b">
          Show all unions
        </route.Link>
      </p>
    </Empty>
  );
}
