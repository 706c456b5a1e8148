// Is anything broken, who must act, how far is the newest commit?
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import type { Schemas } from "../api/client";
import { health, me, overview } from "../api/queries";
import { Asked } from "../components/asked";
import { StateChips } from "../components/chips";
import { UsualDurations } from "../components/Durations";
import { FleetMap } from "../components/FleetMap";
import { Moved, useHeld } from "../components/held";
import { Page } from "../components/Page";
import { EXACT, short, UnionLink } from "../components/revision";
import { Track } from "../components/Track";
import { ACTOR, isDown, NEEDS_PERSON, StateBadge, UNION } from "../components/words";
import { Box, Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Said } from "../ui/Said";
import { Ago } from "../ui/time";

export function Overview() {
  const asked = useQuery(overview);
  const { data } = asked;
  const isEmpty = data?.total === 0;
  const isStranger = useQuery(me).data?.unions?.length === 0;
  if (isStranger)
    return (
      <Page title="No union is yours to see">
        <section className="box">
          <Empty icon="seal" title="You are signed in, and named nowhere">
            <p>
              Who sees which unions stands under <code>spec.access</code> of <code>keyforge.yaml</code>. Somebody who may change it adds your address or one of your groups; it counts from the next accepted revision on.
            </p>
          </Empty>
        </section>
      </Page>
    );
  return (
    <Page title={data === undefined ? "Unions" : title(data)} lead={data !== undefined && !isEmpty ? <Sentence of={data} /> : undefined}>
      {data !== undefined && !isEmpty && (
        <section className="box mapbox" aria-label="Fleet map">
          <StateChips counts={data.countsByState} />
          <FleetMap counts={data.countsByState} total={data.total} />
        </section>
      )}
      <div className="cols">
        <div className="stack">{isEmpty ? <NoUnions /> : <NeedsPerson asked={asked} />}</div>
        <div className="stack">
          <Newest asked={asked} />
          <UsualDurations />
          <Needed />
        </div>
      </div>
    </Page>
  );
}

type Asking = UseQueryResult<Schemas["Overview"]>;

function title({ total, countsByState: { current = 0 } }: Schemas["Overview"]): string {
  if (total === 0) return "No unions yet";
  return current === total ? `All ${number(total)} unions are current` : `${number(current)} of ${number(total)} unions are current`;
}

const number = (count: number) => count.toLocaleString("en");

const SAID: [Schemas["UnionState"], (count: number) => string][] = [
  ["failed", (count) => `${number(count)} failed`],
  ["held", (count) => `${number(count)} ${count === 1 ? "is" : "are"} held`],
  ["awaiting-approval", (count) => `${number(count)} ${count === 1 ? "awaits" : "await"} approval`],
];

/** Some names of many. */
const among = (names: string[]) => (names.length <= 3 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and others`);

/** What keeps the rest from being current. */
function Sentence({ of: { countsByState: counts, accessDown } }: { of: Schemas["Overview"] }) {
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
      {accessDown.length > 0 && <span className="b bad">Members of {among(accessDown)} cannot log in. </span>}
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

function NeedsPerson({ asked }: { asked: Asking }) {
  const told = asked.data?.needsPerson.length ?? 0;
  const all = NEEDS_PERSON.reduce((sum, state) => sum + (asked.data?.countsByState[state] ?? 0), 0);
  return (
    <Box
      title="Needs a person"
      about={told > 0 ? `${number(all)} ${all === 1 ? "union" : "unions"}, failures first` : undefined}
      extra={
        told === 0 ? undefined : (
          <span className="hs">
            <kbd>n</kbd> <kbd>p</kbd> move, <kbd>↵</kbd> open
          </span>
        )
      }
    >
      <Asked query={asked}>
        {({ needsPerson: unions, revision, driftToday }) => (
          <>
            {unions.length === 0 ? <Nobody revision={revision} /> : <Waiting of={unions} />}
            {all > told && (
              <div className="more">
                {NEEDS_PERSON.filter((state) => (asked.data?.countsByState[state] ?? 0) > 0).map((state) => (
                  <Link key={state} to="/unions" search={{ state }} activeOptions={EXACT} className="b">
                    All {UNION[state].word.toLowerCase()}
                  </Link>
                ))}
              </div>
            )}
            {driftToday > 0 && (
              <div className="more">
                <span>
                  <span className="st attention">
                    <Icon name="drift" /> {number(driftToday)} {driftToday === 1 ? "rollout" : "rollouts"}
                  </span>{" "}
                  of the last day put back what somebody had changed by hand.
                </span>
              </div>
            )}
          </>
        )}
      </Asked>
    </Box>
  );
}

function Nobody({ revision }: { revision: string | null }) {
  return (
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
  );
}

const nameOf = ({ name }: Schemas["Union"]) => name;

function Waiting({ of }: { of: Schemas["Union"][] }) {
  const { shown, moved, show, holds } = useHeld(of, nameOf);
  return (
    <div {...holds}>
      {moved > 0 && <Moved count={moved} show={show} />}
      <Table label="Unions that need a person" head={["State", "Union", "What is wrong", "Who acts next", "For"]}>
        {shown.map((union) => (
          <Row key={union.name} id={union.name} needsPerson>
            <Cell className="nw">
              <StateBadge state={union.state} />
            </Cell>
            <Name>
              <UnionLink name={union.name} />
            </Name>
            <Cell className="wide wrap">
              {union.reason === null ? <span className="m">no reason is known</span> : <Said of={union.reason} />}
              <div className="small m">
                {union.place !== null && union.place !== undefined && (
                  <span className="mono">
                    {union.place.path}:{union.place.line}:{union.place.column} ·{" "}
                  </span>
                )}
                {isDown(union) && <b className="bad">Members cannot log in. </b>}
                {union.appliedRevision === null ? "nothing is applied yet" : `stays at ${short(union.appliedRevision)}`}
                {union.health === "current" && ", its members notice nothing"}
              </div>
            </Cell>
            <Cell className="next s small nw">
              {union.actor !== null && union.actor !== undefined && (
                <>
                  <span className="po">Next: </span>
                  {ACTOR[union.actor]}
                </>
              )}
            </Cell>
            <Cell className="age r m small nw">
              <Ago at={union.since} />
            </Cell>
          </Row>
        ))}
      </Table>
    </div>
  );
}

function Newest({ asked }: { asked: Asking }) {
  return (
    <Box title="Newest revisions" extra={<Link to="/revisions">All</Link>}>
      <Asked query={asked} rows={5}>
        {({ revisions }) =>
          revisions.length === 0 ? (
            <Empty icon="commit" title="No revision yet">
              <p>The first commit of the followed branch that is fetched stands here.</p>
            </Empty>
          ) : (
            <ul className="rvs">
              {revisions.map((one) => (
                <li key={one.commit}>
                  <div className="rv">
                    <Link to="/revisions/$commit" params={{ commit: one.commit }} className="b el">
                      {one.subject ?? short(one.commit)}
                    </Link>
                    <span className="m small nw">
                      <Ago at={one.fetchedAt} />
                    </span>
                  </div>
                  <div className="rv2 small">
                    <span className="mono m">{short(one.commit)}</span>
                    <Track of={one} />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Asked>
    </Box>
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
