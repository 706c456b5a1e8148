// Who could read what of a society at the end of a day, by the documents that counted then, and what is different since another day.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { readers } from "../api/queries";
import { Box, Cell, Empty, Name, Note, Row, Table } from "../ui/blocks";
import { day, useToday } from "../ui/time";
import { Asked } from "./asked";
import { RevisionLink } from "./revision";

const route = getRouteApi("/unions/$union/societies/$society");

export function Readers() {
  const { union, society } = route.useParams();
  const { at, vs } = route.useSearch();
  const today = useToday();
  // Today is not over: what counts is now.
  const asked = useQuery(readers(union, society, at === today ? undefined : at, vs));
  return (
    <Box title="Who could read what" about="by the documents that counted on a day" extra={asked.data !== undefined && <RevisionLink revision={asked.data.revision} />}>
      <Days today={today} />
      {at !== undefined && at !== today && (
        <div className="inbox">
          <Note tone="attention" icon="clock" action={<Link to="/unions/$union/societies/$society" params={{ union, society }} search={{ vs }} className="b">Now</Link>}>
            <b>As of {day(at)}</b>, at its end (UTC). Who was to be let in or kept out by then was so a moment later, when the vault was brought there.
          </Note>
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

/** The two days, which stand in the address. */
function Days({ today }: { today: string }) {
  const { at, vs } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (name: "at" | "vs", value: string) => void navigate({ search: (before) => ({ ...before, [name]: value === "" ? undefined : value }), replace: true });
  return (
    <div className="days">
      <label>
        <span className="m small">At the end of</span>
        <input type="date" max={today} value={at ?? ""} onChange={({ target: { value } }) => choose("at", value)} />
      </label>
      <label>
        <span className="m small">Compared with</span>
        <input type="date" max={at ?? today} value={vs ?? ""} onChange={({ target: { value } }) => choose("vs", value)} />
      </label>
    </div>
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
