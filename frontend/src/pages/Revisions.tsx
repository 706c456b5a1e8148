// Which commits arrived?
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { revisions, type RevisionsAsked } from "../api/queries";
import { Asked } from "../components/asked";
import { DayField, TextField, WordField } from "../components/filters";
import { Page } from "../components/Page";
import { short } from "../components/revision";
import { STATES } from "../components/words";
import { Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Ago, useToday } from "../ui/time";

const route = getRouteApi("/revisions");

export function Revisions() {
  const of = route.useSearch();
  const { author, path, state, since } = of;
  const navigate = route.useNavigate();
  const today = useToday();
  const choose = (one: RevisionsAsked) => void navigate({ search: (before) => ({ ...before, ...one }), replace: true });
  const asked = useInfiniteQuery({ ...revisions(of), placeholderData: keepPreviousData });
  const isFiltered = [author, path, state, since].some((one) => one !== undefined);
  return (
    <Page title="Revisions" lead="The commits of the followed branch that were fetched, the last first.">
      <section className={`box ${asked.isPlaceholderData ? "dim" : ""}`} aria-label="Revisions">
        <div className="days">
          <TextField label="Author" of={author} placeholder="anybody" choose={(author) => choose({ author })} />
          <TextField label="Folder or file" of={path} placeholder="unions/acme" choose={(path) => choose({ path })} />
          <WordField label="Its unions are" of={state} words={STATES} choose={(state) => choose({ state })} />
          <DayField label="Since" of={since} max={today} choose={(since) => choose({ since })} />
        </div>
        <Asked query={asked} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0 && isFiltered)
              return (
                <Empty icon="commit" title="No revision matches">
                  <p>
                    <route.Link to="/revisions" className="b">
                      Show all revisions
                    </route.Link>
                  </p>
                </Empty>
              );
            if (items.length === 0)
              return (
                <Empty icon="commit" title="No revision yet">
                  <p>The first commit of the followed branch that is fetched stands here.</p>
                </Empty>
              );
            return (
              <>
                <Table label="Revisions" head={["Commit", "What", "Author", "Committed", "Fetched"]}>
                  {items.map(({ commit, subject, author, committedAt, fetchedAt }) => (
                    <Row key={commit} id={commit}>
                      <Cell className="mono s">{short(commit)}</Cell>
                      <Name>
                        <Link to="/revisions/$commit" params={{ commit }} className="wrap">
                          {subject ?? short(commit)}
                        </Link>
                      </Name>
                      <Cell className="wide s wrap">{author}</Cell>
                      <Cell className="m small nw hs">
                        <Ago at={committedAt} suffix=" ago" />
                      </Cell>
                      <Cell className="age r m small nw">
                        <Ago at={fetchedAt} />
                      </Cell>
                    </Row>
                  ))}
                </Table>
                <More shown={items.length} hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
              </>
            );
          }}
        </Asked>
      </section>
    </Page>
  );
}
