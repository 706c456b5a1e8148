// Is anything broken, who must act, how far is the newest commit?
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import type { Schemas } from "../api/client";
import { counts, health, revision, revisions, unionsIn } from "../api/queries";
import { Asked } from "../components/asked";
import { StateChips } from "../components/chips";
import { Page } from "../components/Page";
import { digits, short, UnionLink } from "../components/revision";
import { Track } from "../components/Track";
import { NEEDS_PERSON, StateBadge, UNION, needsPerson } from "../components/words";
import { Box, Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { Ago } from "../ui/time";

export function Overview() {
  const fleet = useQuery(counts);
  const current = fleet.data?.countsByState.current ?? 0;
  const total = fleet.data?.total ?? 0;
  const title = fleet.data === undefined ? "Unions" : total === 0 ? "No unions yet" : current === total ? `All ${number(total)} unions are current` : `${number(current)} of ${number(total)} unions are current`;
  return (
    <Page title={title} lead={fleet.data !== undefined && total > 0 ? <Sentence counts={fleet.data.countsByState} /> : undefined}>
      {fleet.data !== undefined && total > 0 && <StateChips counts={fleet.data.countsByState} />}
      <div className="cols">
        <div className="stack">{fleet.data !== undefined && total === 0 ? <NoUnions /> : <NeedsPerson revision={fleet.data?.revision ?? null} />}</div>
        <div className="stack">
          <Newest />
          <Needed />
        </div>
      </div>
    </Page>
  );
}

const number = (count: number) => count.toLocaleString("en");

const SAID: [Schemas["UnionState"], (count: number) => string][] = [
  ["failed", (count) => `${number(count)} failed`],
  ["held", (count) => `${number(count)} ${count === 1 ? "is" : "are"} held`],
  ["awaiting-approval", (count) => `${number(count)} ${count === 1 ? "awaits" : "await"} approval`],
];

/** What keeps the rest from being current. */
function Sentence({ counts }: { counts: Schemas["UnionPage"]["countsByState"] }) {
  const stuck = SAID.flatMap(([state, say]) => {
    const count = counts[state] ?? 0;
    return count > 0 ? [{ state, text: say(count) }] : [];
  });
  const working = counts["in-progress"] ?? 0;
  return (
    <>
      {stuck.length === 0 && "Nobody has to act. "}
      {stuck.map(({ state, text }, at) => (
        <Fragment key={state}>
          {at > 0 && (at === stuck.length - 1 ? " and " : ", ")}
          <span className={`b ${UNION[state].tone}`}>{text}</span>
        </Fragment>
      ))}
      {stuck.length > 0 && ". "}
      {working > 0 && (
        <>
          Keyforge is working on <span className="b going">{number(working)}</span>.
        </>
      )}
    </>
  );
}

function NoUnions() {
  return (
    <section className="box">
      <Empty icon="box" title="No unions yet">
        <p>
          Add <code>unions/&lt;name&gt;/union.yaml</code> to the config repo, or run <code>keyforge init</code>. A union appears here as soon as its document is accepted.
        </p>
      </Empty>
    </section>
  );
}

function NeedsPerson({ revision }: { revision: string | null }) {
  const stuck = useQuery(unionsIn(NEEDS_PERSON));
  return (
    <Box
      title="Needs a person"
      about={stuck.data !== undefined && stuck.data.length > 0 ? `${stuck.data.length} ${stuck.data.length === 1 ? "union" : "unions"}, failures first` : undefined}
      extra={
        <span className="hs">
          <kbd>j</kbd> <kbd>k</kbd> move, <kbd>↵</kbd> open
        </span>
      }
    >
      <Asked query={stuck}>
        {(unions) =>
          unions.length === 0 ? (
            <Empty icon="ok" title="Nobody has to act">
              <p>
                Every union that is not at rest is current, or on its way
                {revision !== null && (
                  <>
                    {" to "}
                    <span className="mono">{short(revision)}</span>
                  </>
                )}
                .
              </p>
            </Empty>
          ) : (
            <Table label="Unions that need a person" head={["State", "Union", "What is wrong", "For"]}>
              {unions.map((union) => (
                <Row key={union.name} needsPerson={needsPerson(union.state)}>
                  <Cell className="nw">
                    <StateBadge state={union.state} />
                  </Cell>
                  <Name>
                    <UnionLink name={union.name} />
                  </Name>
                  <Cell className="wide wrap">
                    {union.reason ?? <span className="m">no reason is known</span>}
                    <div className="small m">
                      {union.appliedRevision === null ? "nothing is applied yet" : `stays at ${short(union.appliedRevision)}`}
                      {union.health === "current" && ", its members notice nothing"}
                    </div>
                  </Cell>
                  <Cell className="age r m small nw">
                    <Ago at={union.updatedAt} />
                  </Cell>
                </Row>
              ))}
            </Table>
          )
        }
      </Asked>
    </Box>
  );
}

function Newest() {
  const newest = useInfiniteQuery(revisions(5));
  return (
    <Box title="Newest revisions" extra={<Link to="/revisions">All</Link>}>
      <Asked query={newest} rows={5}>
        {({ pages: [page] }) =>
          page === undefined || page.items.length === 0 ? (
            <Empty icon="commit" title="No revision yet">
              <p>The first commit of the followed branch that is fetched stands here.</p>
            </Empty>
          ) : (
            <ul className="rvs">
              {page.items.map((one) => (
                <Newer key={one.commit} of={one} />
              ))}
            </ul>
          )
        }
      </Asked>
    </Box>
  );
}

function Newer({ of }: { of: Schemas["Revision"] }) {
  const detail = useQuery(revision(of.commit));
  return (
    <li>
      <div className="rv">
        <Link to="/revisions/$commit" params={{ commit: digits(of.commit) }} className="b el">
          {of.subject ?? short(of.commit)}
        </Link>
        <span className="m small nw">
          <Ago at={of.fetchedAt} />
        </span>
      </div>
      <div className="rv2 small">
        <span className="mono m">{short(of.commit)}</span>
        {detail.data !== undefined && <Track of={detail.data} />}
      </div>
    </li>
  );
}

/** What the daemon needs, and whether it answers. */
function Needed() {
  const readiness = useQuery(health);
  return (
    <Box title="Keyforge needs" about={readiness.data?.status}>
      <Asked query={readiness} rows={3}>
        {({ dependencies }) => (
          <ul className="ev">
            {Object.entries(dependencies).map(([name, { status, since }]) => (
              <li key={name}>
                <span className="b">{name}</span>
                <span />
                <span className={`st ${status === "up" ? "good" : "attention"}`}>
                  {status === "up" ? "answers" : "away"}
                  {since !== undefined && (
                    <>
                      {" for "}
                      <Ago at={since} />
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Asked>
    </Box>
  );
}
