// What exists, is it ours, and what became of it last.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Schemas } from "../api/client";
import { resources } from "../api/queries";
import { Asked } from "../components/asked";
import { FilterBox } from "../components/FilterBox";
import { DeploymentLink, EXACT } from "../components/revision";
import { DoneIcon } from "../components/words";
import { Box, Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Said } from "../ui/Said";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions/$union/resources");

export function Resources() {
  const { union } = route.useParams();
  const { drift, search } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = useCallback((search: string | undefined) => void navigate({ search: (before) => ({ ...before, search }), replace: true }), [navigate]);
  const asked = useInfiniteQuery(resources(union));
  const all = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const fought = all.filter(({ disputes }) => disputes.length > 0).length;
  return (
    <>
      <search className="query">
        <FilterBox label="Kind or name of a resource" of={search} choose={choose} />
        {(fought > 0 || drift === true) && (
          <nav className="chips" aria-label="Drift">
            <route.Link to="/unions/$union/resources" params={{ union }} search={{ search }} activeOptions={EXACT} className="chip" aria-current={drift === undefined ? "true" : undefined}>
              All <b>{all.length}</b>
            </route.Link>
            <route.Link to="/unions/$union/resources" params={{ union }} search={{ search, drift: true }} activeOptions={EXACT} className="chip" aria-current={drift === true ? "true" : undefined}>
              Fought over <b>{fought}</b>
            </route.Link>
          </nav>
        )}
      </search>
      <Box title="Resources" about="in the order in which they are made">
        <Asked query={asked} rows={12}>
          {() => {
            const items = all.filter((one) => (drift !== true || one.disputes.length > 0) && has(one, search));
            const more = <More shown={items.length === all.length ? items.length : `${items.length} of ${all.length}`} what={asked.hasNextPage ? "read so far" : "in Kubernetes"} hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />;
            if (all.length > 0 && items.length === 0)
              return (
                <>
                  <Empty icon="box" title="No resource matches">
                    <p>
                      <route.Link to="/unions/$union/resources" params={{ union }} className="b">
                        Show all {all.length}
                      </route.Link>
                    </p>
                  </Empty>
                  {more}
                </>
              );
            if (items.length === 0)
              return (
                <Empty icon="box" title="Nothing yet">
                  <p>Each resource is entered here before it is made.</p>
                </Empty>
              );
            return (
              <>
                <Table label="Resources" head={["Kind", "Name", "Last change", "Fought over", "For"]}>
                  {items.map(({ kind, name, namespace, made, lastChange, disputes, enteredAt }) => (
                    <Row key={`${kind}/${namespace}/${name}`} needsPerson={disputes.length > 0}>
                      <Cell className="m">{kind}</Cell>
                      <Name>{name}</Name>
                      <Cell className="wide">
                        {lastChange === null || lastChange === undefined ? (
                          <span className="m">{made ? "made" : "entered, not made yet"}</span>
                        ) : (
                          <>
                            <DoneIcon done={lastChange.event} /> <DeploymentLink id={lastChange.deployment} text={lastChange.event} />
                            {lastChange.message !== null && <span className="s wrap">: <Said of={lastChange.message} /></span>}
                          </>
                        )}
                      </Cell>
                      <Cell className="wide small">
                        {disputes.map(({ field, manager, times, lastAt }) => (
                          <div key={`${field} ${manager}`} className="wrap">
                            <span className="st attention">
                              <Icon name="drift" /> {manager === "" ? "somebody" : manager}
                            </span>{" "}
                            changed {field === null ? "it" : <code>{field}</code>} {times === 1 ? "once" : `${times} times`}, last <Ago at={lastAt} /> ago. It was put back.
                          </div>
                        ))}
                      </Cell>
                      <Cell className="age r m small nw">
                        <Ago at={lastChange?.at ?? enteredAt} />
                      </Cell>
                    </Row>
                  ))}
                </Table>
                {more}
              </>
            );
          }}
        </Asked>
      </Box>
    </>
  );
}

const has = ({ kind, name }: Schemas["OwnedResource"], search: string | undefined) => `${kind} ${name}`.toLowerCase().includes(search?.toLowerCase() ?? "");
