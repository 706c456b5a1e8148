// Which commits arrived?
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { revisions } from "../api/queries";
import { Asked } from "../components/asked";
import { Page } from "../components/Page";
import { short } from "../components/revision";
import { Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Ago } from "../ui/time";

export function Revisions() {
  const asked = useInfiniteQuery(revisions());
  return (
    <Page title="Revisions" lead="The commits of the followed branch that were fetched, the last first.">
      <section className="box" aria-label="Revisions">
        <Asked query={asked} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
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
