// Who did what, in which deployment, by which revision: each record is chained to the one before.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { audit } from "../api/queries";
import { Asked } from "../components/asked";
import { AuditTabs } from "../components/AuditTabs";
import { Lifted } from "../components/Lifted";
import { Page } from "../components/Page";
import { DeploymentLink, RevisionLink } from "../components/revision";
import { Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Ago } from "../ui/time";

const route = getRouteApi("/audit");

export function Audit() {
  const { union, commit } = route.useSearch();
  const asked = useInfiniteQuery(audit(union, commit));
  return (
    <Page title={union === undefined ? "Audit" : `Audit of ${union}`} lead={<>What was done, by which commit and whose. <code>keyforge audit verify</code> checks that no record was changed or lost.</>}>
      <AuditTabs union={union} />
      <Lifted to="/audit" of={{ union, commit }} shown={["union", "commit"]} />
      <section className="box" aria-label="Records">
        <Asked query={asked} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0)
              return (
                <Empty icon="shield" title="No record">
                  <p>{union === undefined && commit === undefined ? "The first accepted revision makes the first record." : "No record matches."}</p>
                </Empty>
              );
            return (
              <>
                <Table label="Records" head={["Number", "What", "Union", "By", "Revision", "Deployment", "Digest", "Ago"]}>
                  {items.map(({ id, what, union, author, revision, deployment, link, at }) => (
                    <Row key={id}>
                      <Cell className="m">{link?.number}</Cell>
                      <Name>{what.replaceAll("-", " ")}</Name>
                      <Cell>{union === null ? <span className="m">keyforge.yaml</span> : <Link to="/audit" search={{ union }}>{union}</Link>}</Cell>
                      <Cell className="wide s wrap">{author}</Cell>
                      <Cell className="hs">
                        <RevisionLink revision={revision} />
                      </Cell>
                      <Cell className="hs">{deployment !== null && <DeploymentLink id={deployment} />}</Cell>
                      <Cell className="mono m hs">{link?.digest.replace("sha256:", "").slice(0, 12)}</Cell>
                      <Cell className="age r m small nw">
                        <Ago at={at} />
                      </Cell>
                    </Row>
                  ))}
                </Table>
                <More shown={items.length} what="records" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
              </>
            );
          }}
        </Asked>
      </section>
    </Page>
  );
}
