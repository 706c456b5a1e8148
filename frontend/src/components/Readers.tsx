// Who could read what of a society at the end of a day, by the documents that counted then, and what is different since another day.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { readers } from "../api/queries";
import { Box, Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { day, useToday } from "../ui/time";
import { Asked } from "./asked";
import { AsOf, Days } from "./Days";
import { RevisionLink } from "./revision";

const route = getRouteApi("/unions/$union/societies/$society");

export function Readers() {
  const { union, society } = route.useParams();
  const { at, vs } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (name: "at" | "vs", day: string | undefined) => void navigate({ search: (before) => ({ ...before, [name]: day }), replace: true });
  const today = useToday();
  // Today is not over: what counts is now.
  const asked = useQuery(readers(union, society, at === today ? undefined : at, vs));
  return (
    <Box title="Who could read what" about="by the documents that counted on a day" extra={asked.data !== undefined && <RevisionLink revision={asked.data.revision} />}>
      <Days of={{ at, vs }} today={today} choose={choose} />
      {at !== undefined && at !== today && (
        <div className="inbox">
          <AsOf at={at} now={<Link to="/unions/$union/societies/$society" params={{ union, society }} search={{ vs }} className="b">Now</Link>} />
        </div>
      )}
      <Asked query={asked} rows={4}>
        {({ items, changes, collections }) => (
          <>
            {changes !== null && <Changes of={changes} since={vs ?? ""} />}
            {items.length === 0 ? (
              <Empty icon="person" title="Nobody">
                <p>No document let anybody in.</p>
              </Empty>
            ) : (
              <Table label="Who could read what" head={["Member", "Role", "Could", "Until"]}>
                {items.map((one) => (
                  <Row key={one.email}>
                    <Name>
                      <span className="wrap">{one.email}</span>
                    </Name>
                    <Cell className="s">{one.role}</Cell>
                    <Cell className="wide s wrap">{rights(one.collections)}</Cell>
                    <Cell className="age r m small nw">{one.until}</Cell>
                  </Row>
                ))}
              </Table>
            )}
            {items.length > 0 && <Shared in={collections} />}
          </>
        )}
      </Asked>
    </Box>
  );
}

const rights = (collections: Schemas["Reader"]["collections"]) =>
  collections === null
    ? "manage all"
    : Object.entries(collections)
        .map(([collection, right]) => `${right} ${collection}`)
        .join(", ");

/** What was in each collection, once for all who saw it. */
function Shared({ in: collections }: { in: Schemas["Readers"]["collections"] }) {
  return (
    <Table label="What was in each collection" head={["Collection", "Passwords"]}>
      {Object.entries(collections).map(([collection, passwords]) => (
        <Row key={collection}>
          <Name>{collection}</Name>
          <Cell className="wide small m wrap">{passwords.length === 0 ? "nothing" : passwords.join(", ")}</Cell>
        </Row>
      ))}
    </Table>
  );
}

function Changes({ of, since }: { of: Schemas["ReaderChange"][]; since: string }) {
  if (of.length === 0) return <p className="tot">Nobody could do more or less than at the end of {day(since)}.</p>;
  return (
    <ul className="ev changes" aria-label={`What is different since ${day(since)}`}>
      {of.map(({ email, collection, from, to }) => (
        <li key={`${email} ${collection ?? ""}`}>
          <span className={from === null ? "good b" : to === null ? "bad b" : "going b"}>{from === null ? "came" : to === null ? "went" : "changed"}</span>
          <span />
          <span className="wrap">
            {email}, {collection ?? "all collections"}: {from ?? "nothing"} → {to ?? "nothing"}
          </span>
        </li>
      ))}
    </ul>
  );
}
