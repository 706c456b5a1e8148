// How far a revision is: its steps for all unions together, and for each where it stands, why, and what to do.
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { Cell, Name, Row, Table } from "../ui/blocks";
import { Icon, type IconName } from "../ui/Icon";
import { Said } from "../ui/Said";
import { Ago, duration, exact } from "../ui/time";
import { DeploymentLink, RevisionLink, UnionLink } from "./revision";
import { ACTOR, REVISION, RevisionStateBadge, STEP, type Tone } from "./words";

type Way = Schemas["RevisionWay"];
type Step = Schemas["RevisionStep"];
type Here = Schemas["RevisionUnion"];

const ICON: Record<Tone, IconName> = { good: "ok", going: "run", attention: "held", bad: "bad", rest: "wait" };

type Count = Way["steps"][number];

/** How many are before the end of a step. */
const behind = (step: Count | undefined) => (step === undefined ? 0 : step.of - step.reached);

/** What stops at a step: who failed there if somebody did, else who waits. Who does not come to it has stopped before. */
function tone(step: Count, before: Count | undefined, items: Here[]): Tone {
  const { of, lost } = step;
  if (lost.length === 0) return of === 0 ? "rest" : behind(step) > behind(before) ? "going" : "good";
  return items.some(({ state, union }) => state === "failed" && lost.includes(union)) ? "bad" : "attention";
}

export function Steps({ of: { steps, items, fetchedAt } }: { of: Way }) {
  return (
    <ol className="box rsteps" aria-label="Steps">
      {steps.map((one, at) => {
        const looks = tone(one, steps[at - 1], items);
        return (
          <li key={one.step} className={looks}>
            <span className="line" aria-hidden="true">
              <Icon name={ICON[looks]} />
            </span>
            <span className="b ink">{STEP[one.step]}</span>
            <span className="n">
              {one.reached.toLocaleString("en")} of {one.of.toLocaleString("en")}
            </span>
            <span className="small wrap">
              {one.step === "fetched" ? (
                <span className="m" title={exact(fetchedAt)}>
                  <Ago at={fetchedAt} /> ago
                </span>
              ) : one.lost.length > 0 ? (
                <span className={looks}>{one.lost.join(", ")}</span>
              ) : looks === "going" ? (
                <span className="going">goes on</span>
              ) : (
                one.at !== null && (
                  <span className="m" title={exact(one.at)}>
                    {duration(Date.parse(one.at) - Date.parse(fetchedAt))} after
                  </span>
                )
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** One part for each step after the first. */
function Track({ of, steps }: { of: Here; steps: Step[] }) {
  const at = steps.indexOf(of.step);
  const ahead = of.ahead === null ? -1 : steps.indexOf(of.ahead);
  const last = of.removes ? steps.indexOf("applied") : steps.length - 1;
  return (
    <span className="trk wide-trk" role="img" aria-label={`${STEP[of.step]}${of.ahead === null ? "" : `, ${STEP[of.ahead].toLowerCase()} not yet`}`}>
      {steps.slice(1, last + 1).map((step, index) => (
        <i key={step} className={index + 1 <= at ? "good" : index + 1 === ahead ? REVISION[of.state].tone : ""} />
      ))}
    </span>
  );
}

/** `chosen` is marked, and scrolled to. */
export function WayTable({ of, steps, chosen }: { of: Here[]; steps: Step[]; chosen: string | undefined }) {
  return (
    <Table label="Unions of this revision" head={["State", "Union", "Verified to the end", "Step", "Why, and what to do", "For"]}>
      {of.map((one) => (
        <Row key={one.union} id={one.union} needsPerson={one.state === "failed" || one.state === "waiting"} isChosen={one.union === chosen}>
          <Cell className="nw">
            <RevisionStateBadge state={one.state} />
          </Cell>
          <Name>
            <UnionLink name={one.union} />
          </Name>
          <Cell className="track">
            <Track of={one} steps={steps} />
          </Cell>
          <Cell className="s small nw">{one.ahead === null ? (one.removes ? "removed" : "") : STEP[one.ahead].toLowerCase()}</Cell>
          <Cell className="wide small wrap">
            <Reason of={one} />
          </Cell>
          <Cell className="age r m small nw">
            <Time of={one} />
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

/** In how long it went through; else for how long it stands where it is. */
function Time({ of: { state, reachedAt, since } }: { of: Here }) {
  const done = reachedAt.healthy ?? reachedAt.applied;
  if (state !== "done" || done === null) return <Ago at={since} />;
  return <span title={exact(done)}>in {duration(Date.parse(done) - Date.parse(reachedAt.fetched))}</span>;
}

function Reason({ of: { state, reason, place, code, hint, actor, deployment, supersededBy, union } }: { of: Here }) {
  return (
    <>
      <Said of={reason} />
      {place !== null && place !== undefined && (
        <div className="m mono">
          {place.path}:{place.line}:{place.column}
          {code !== null && code !== undefined && (
            <>
              {" "}
              <Link to="/diagnostics" search={{ union }}>
                {code}
              </Link>
            </>
          )}
        </div>
      )}
      {supersededBy !== null && (
        <div className="m">
          <RevisionLink revision={supersededBy} /> took its place
        </div>
      )}
      {hint !== null && <div className="s"><Said of={hint} /></div>}
      {actor !== null && actor !== undefined && <div className="b s">{ACTOR[actor]} acts next</div>}
      {deployment !== null && state !== "done" && (
        <div className="m">
          <DeploymentLink id={deployment} text="its rollout" />
        </div>
      )}
    </>
  );
}
