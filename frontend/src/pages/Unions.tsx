// Which unions …? The server searches, counts and pages; the URL holds what is asked.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { unions } from "../api/queries";
import { Asked } from "../components/asked";
import { StateChips } from "../components/chips";
import { Page } from "../components/Page";
import { RevisionLink, UnionLink } from "../components/revision";
import { HealthBadge, StateBadge, UNION, needsPerson } from "../components/words";
import { Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions");

/** Typing waits so long before it asks. */
const PAUSE = 120;

export function Unions() {
  const asked = route.useSearch();
  const list = useInfiniteQuery({ ...unions(asked), placeholderData: keepPreviousData });
  const first = list.data?.pages[0];
  return (
    <Page title="Unions" lead={first === undefined ? undefined : `${first.total.toLocaleString("en")} ${asked.state === undefined ? "in all" : UNION[asked.state].word.toLowerCase()}${asked.search === undefined ? "" : `, with “${asked.search}” in their name or domain`}.`}>
      <SearchBox of={asked.search} />
      {first !== undefined && <StateChips counts={first.countsByState} chosen={{ state: asked.state, search: asked.search }} />}
      <section className={`box ${list.isPlaceholderData ? "dim" : ""}`} aria-label="Unions" aria-busy={list.isFetching}>
        <Asked query={list} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0) return <None {...asked} />;
            return (
              <>
                <Table label="Unions" className="un" head={["State", "Union", "What stands in the way", "Health", "Societies", "Members", "Applied", "Changed"]} numbers={["Societies", "Members"]}>
                  {items.map((union) => (
                    <Row key={union.name} needsPerson={needsPerson(union.state)}>
                      <Cell>
                        <StateBadge state={union.state} />
                      </Cell>
                      <Name>
                        <UnionLink name={union.name} />
                        {union.displayName !== union.name && <span className="m hs"> {union.displayName}</span>}
                      </Name>
                      <Cell className="wide s">{union.reason}</Cell>
                      <Cell className="hs">
                        {union.state !== "tombstone" && <HealthBadge health={union.health} />}
                      </Cell>
                      <Cell className="r hs">{union.societies}</Cell>
                      <Cell className="r hs">{union.members}</Cell>
                      <Cell className="hs">
                        <RevisionLink revision={union.appliedRevision} />
                      </Cell>
                      <Cell className="age r m small">
                        <Ago at={union.updatedAt} />
                      </Cell>
                    </Row>
                  ))}
                </Table>
                <More shown={`1 to ${items.length.toLocaleString("en")} of ${first?.total.toLocaleString("en") ?? ""}`} hasMore={list.hasNextPage} isLoading={list.isFetchingNextPage} load={() => void list.fetchNextPage()} />
              </>
            );
          }}
        </Asked>
      </section>
    </Page>
  );
}

function SearchBox({ of }: { of: string | undefined }) {
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
        <span className="hidden">Name, display name or domain</span>
        <input
          data-filter
          type="search"
          placeholder="Name, display name or domain"
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
        {search !== undefined && `has “${search}” in its name, display name or domain`}.
      </p>
      <p>
        <route.Link to="/unions" className="b">
          Show all unions
        </route.Link>
      </p>
    </Empty>
  );
}
