// Who could read what of a union at the end of a day, by the documents that counted then, and what is different since another day.
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "../api/client";
import { readers, search, societies, unions } from "../api/queries";
import { csv, rights, type Right } from "../components/access";
import { Asked } from "../components/asked";
import { AuditTabs } from "../components/AuditTabs";
import { AsOf, Days } from "../components/Days";
import { TextField } from "../components/filters";
import { Page } from "../components/Page";
import { RevisionLink, UnionLink } from "../components/revision";
import { Box, Cell, Download, Empty, More, Name, Row, Skeleton, Table } from "../ui/blocks";
import { day, useToday } from "../ui/time";

const route = getRouteApi("/audit/access");

export function Access() {
  const { union, member, at, vs } = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday();
  const choose = (name: "union" | "member" | "at" | "vs", value: string | undefined) => void navigate({ search: (before) => ({ ...before, [name]: value }), replace: true });
  const isPast = at !== undefined && at !== today;
  return (
    <Page title={`Who ${isPast ? "could" : "can"} read what${union === undefined ? "" : ` in ${union}`}`} lead="By the documents that counted at the end of a day, UTC. What people share among themselves is not in it: Keyforge knows only what is managed.">
      <AuditTabs union={union} />
      <section className="box" aria-label="What is asked">
        <Days of={{ at, vs }} today={today} choose={choose}>
          <UnionField of={union} choose={(name) => choose("union", name)} />
          <TextField label="Member" type="email" of={member} placeholder="anybody" choose={(email) => choose("member", email)} />
        </Days>
      </section>
      {isPast && <AsOf at={at} now={<route.Link to="/audit/access" search={{ union, member, vs }} className="b">Now</route.Link>} />}
      {union !== undefined ? <OfUnion union={union} member={member} at={isPast ? at : undefined} vs={vs} /> : member !== undefined ? <WhereListed member={member} /> : <NothingAsked />}
    </Page>
  );
}

const NAMES = "names-of-unions";

function UnionField({ of, choose }: { of: string | undefined; choose: (name: string | undefined) => void }) {
  const [text, setText] = useState("");
  const { data } = useQuery(search(text.trim()));
  const names = data?.items.filter(({ kind }) => kind === "union").map(({ name }) => name) ?? [];
  return (
    <>
      <TextField label="Union" of={of} placeholder="by its name" list={NAMES} typed={setText} choose={choose} />
      <datalist id={NAMES}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

const NothingAsked = () => (
  <section className="box">
    <Empty icon="eye" title="Of which union?">
      <p>Name a union, or a member to see which unions list them now.</p>
    </Empty>
  </section>
);

/** Unions that list somebody now, each leading to what they could read there. */
function WhereListed({ member }: { member: string }) {
  const asked = useInfiniteQuery(unions({ search: `member:${member}`, sort: "name" }));
  return (
    <Box title={`Unions that list ${member}`} about="now">
      <Asked query={asked} rows={3}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0)
            return (
              <Empty icon="person" title="None lists them now">
                <p>What they could read on another day is told for each union: name it above.</p>
              </Empty>
            );
          return (
            <>
              <Table label="Unions" head={["Union", "Members"]}>
                {items.map(({ name, displayName, members }) => (
                  <Row key={name}>
                    <Name>
                      <route.Link to="/audit/access" search={(before) => ({ ...before, union: name })}>
                        {name}
                      </route.Link>{" "}
                      <span className="m">{displayName}</span>
                    </Name>
                    <Cell className="age r m">{members}</Cell>
                  </Row>
                ))}
              </Table>
              <More shown={`${items.length.toLocaleString("en")} of ${(pages[0]?.total ?? items.length).toLocaleString("en")}`} what="unions" hasMore={asked.hasNextPage} hasFailed={asked.isFetchNextPageError} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
            </>
          );
        }}
      </Asked>
    </Box>
  );
}

/** What of another day is not here: the API tells societies of now, and collections of the later day. */
const LACKING = "Not in it: societies that are gone by now, and, of who managed all, collections that were made or removed between the two days.";

function OfUnion({ union, member, at, vs }: { union: string; member: string | undefined; at: string | undefined; vs: string | undefined }) {
  const known = useQuery(societies(union));
  const names = known.data?.items.map(({ name }) => name) ?? [];
  const each = useQueries({ queries: names.map((society) => readers(union, society, at, vs)) });
  const isReading = each.some(({ isPending }) => isPending);
  // A society of which nothing was recorded by then was not there.
  const failed = each.find(({ error }) => error !== null && !(error instanceof Problem && error.status === 404));
  const rows = each.flatMap(({ data }) => (data === undefined ? [] : rights(data))).filter(({ email }) => member === undefined || email.toLowerCase() === member.toLowerCase());
  return (
    <Box
      title="Rights"
      about={isReading ? undefined : `${rows.length.toLocaleString("en")}, by society and member`}
      extra={rows.length > 0 && !isReading && <Download name={file(union, at, vs)} text={() => csv(table(union, rows, at, vs))} what="As CSV" />}
    >
      {(at !== undefined || vs !== undefined) && <p className="tot">{LACKING}</p>}
      <Asked query={known} rows={6}>
        {() =>
          isReading ? (
            <Skeleton />
          ) : failed !== undefined ? (
            <Asked query={failed}>{() => null}</Asked>
          ) : rows.length === 0 ? (
            <Empty icon="person" title="Nobody">
              <p>No document of <UnionLink name={union} /> let {member ?? "anybody"} in.</p>
            </Empty>
          ) : (
            <Rights union={union} of={rows} at={at} vs={vs} />
          )
        }
      </Asked>
    </Box>
  );
}

/** So many rows are drawn at a time; the file has all. */
const DRAWN = 200;

function Rights({ union, of, at, vs }: { union: string; of: Right[]; at: string | undefined; vs: string | undefined }) {
  const [most, setMost] = useState(DRAWN);
  return (
    <>
      <Table label="Rights" head={["Member", "Society", "Role", "Collection", at === undefined ? "Can" : "Could", ...(vs === undefined ? [] : [`At the end of ${day(vs)}`]), "Revision", "Until"]}>
        {of.slice(0, most).map(({ society, email, role, collection, right, before, until, revision }) => (
          <Row key={`${society} ${email} ${collection}`}>
            <Name>
              <span className={`wrap ${right === undefined ? "gone" : ""}`}>{email}</span>
            </Name>
            <Cell>
              <Link to="/unions/$union/societies/$society" params={{ union, society }}>
                {society}
              </Link>
            </Cell>
            <Cell className="s hs">{role}</Cell>
            <Cell className="wide s wrap">{collection}</Cell>
            <Cell className={right === before ? "s" : `b ${right === undefined ? "bad" : before === undefined ? "good" : "going"}`}>{right ?? "nothing"}</Cell>
            {vs !== undefined && (
              <Cell className="s">
                <span className="po">before: </span>
                {before ?? "nothing"}
              </Cell>
            )}
            <Cell className="hs">
              <RevisionLink revision={revision} />
            </Cell>
            <Cell className="age r m small nw">{until}</Cell>
          </Row>
        ))}
      </Table>
      {of.length > DRAWN && <More shown={`${Math.min(most, of.length).toLocaleString("en")} of ${of.length.toLocaleString("en")}`} what="rights" hasMore={most < of.length} isLoading={false} load={() => setMost(most + DRAWN)} />}
    </>
  );
}

const file = (union: string, at: string | undefined, vs: string | undefined) => `access-${union}-${at ?? "now"}${vs === undefined ? "" : `-against-${vs}`}.csv`;

function table(union: string, rows: Right[], at: string | undefined, vs: string | undefined): string[][] {
  const other = vs === undefined ? [] : [`could at the end of ${vs}`];
  const lacking = at === undefined && vs === undefined ? [] : [[LACKING]];
  return [
    ["union", "society", "member", "role", "collection", at === undefined ? "can now" : `could at the end of ${at}`, ...other, "until", "revision"],
    ...rows.map(({ society, email, role, collection, right, before, until, revision }) => [union, society, email, role, collection, right ?? "", ...(vs === undefined ? [] : [before ?? ""]), until, revision]),
    ...lacking,
  ];
}
