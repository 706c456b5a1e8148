// Which unions …? The server searches, counts and pages; the URL holds what is asked.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isLong } from "../api/events";
import { unions } from "../api/queries";
import { Asked } from "../components/asked";
import { StateChips } from "../components/chips";
import { Page } from "../components/Page";
import { UnionTable } from "../components/UnionTable";
import { UNION } from "../components/words";
import { Empty, More, Note } from "../ui/blocks";
import { Icon } from "../ui/Icon";

const route = getRouteApi("/unions");

/** Typing waits so long before it asks. */
const PAUSE = 120;

const CAN_BE_ASKED = "Name or domain, state: image: label: member:";

export function Unions() {
  const asked = route.useSearch();
  const list = useInfiniteQuery({ ...unions(asked), placeholderData: keepPreviousData });
  const first = list.data?.pages[0];
  const more = () => void list.fetchNextPage();
  return (
    <Page title="Unions" lead={first === undefined ? undefined : `${first.total.toLocaleString("en")} ${asked.state === undefined ? "in all" : UNION[asked.state].word.toLowerCase()}${asked.search === undefined ? "" : `, matching “${asked.search}”`}.`}>
      <SearchBox of={asked.search} sort={asked.sort} />
      {first !== undefined && <StateChips counts={first.countsByState} chosen={asked} />}
      {hasMoved(list) && (
        <Note icon="down" action={<button type="button" onClick={() => void list.refetch()}>Show them</button>}>
          Some unions have changed. The order stays until you ask for it.
        </Note>
      )}
      <section className={`box ${list.isPlaceholderData ? "dim" : ""}`} aria-label="Unions" aria-busy={list.isFetching}>
        <Asked query={list} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0) return <None {...asked} />;
            return (
              <>
                <UnionTable of={items} total={first?.total ?? 0} more={list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError ? more : undefined} />
                <More shown={`1 to ${items.length.toLocaleString("en")} of ${first?.total.toLocaleString("en") ?? ""}`} hasMore={list.hasNextPage} hasFailed={list.isFetchNextPageError} isLoading={list.isFetchingNextPage} load={more} />
              </>
            );
          }}
        </Asked>
      </section>
    </Page>
  );
}

/** A list of many pages is not read anew under whoever scrolls in it. */
const hasMoved = ({ data, isStale, isFetching }: { data: unknown; isStale: boolean; isFetching: boolean }) => isLong(data) && isStale && !isFetching;

function SearchBox({ of, sort }: { of: string | undefined; sort: "name" | undefined }) {
  const navigate = useNavigate({ from: "/unions" });
  const [text, setText] = useState(of ?? "");
  const [seen, setSeen] = useState(of);
  if (seen !== of) {
    setSeen(of);
    if ((of ?? "") !== text.trim()) setText(of ?? "");
  }
  useEffect(() => {
    const search = text.trim() || undefined;
    if (search === of) return;
    const timer = setTimeout(() => void navigate({ search: (before) => ({ ...before, search }), replace: true }), PAUSE);
    return () => clearTimeout(timer);
  }, [text, of, navigate]);
  return (
    <search className="query">
      <label className="q">
        <Icon name="search" />
        <span className="hidden">{CAN_BE_ASKED}</span>
        <input
          data-filter
          type="search"
          placeholder={CAN_BE_ASKED}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            if (text === "") event.currentTarget.blur();
            setText("");
          }}
        />
        <kbd className="hs">/</kbd>
      </label>
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
