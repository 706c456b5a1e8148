// Each state has one colour, one icon and one word; a new one does not compile until it has them.
import type { Schemas } from "../api/client";
import { Icon, type IconName } from "../ui/Icon";

export type Tone = "good" | "going" | "attention" | "bad" | "rest";
type Look = { tone: Tone; icon: IconName; word: string };

/** The words alone. */
const words = <T extends string>(of: Record<T, Look>) => Object.fromEntries(Object.entries<Look>(of).map(([name, { word }]) => [name, word])) as Record<T, string>;

export const UNION: Record<Schemas["UnionState"], Look> = {
  failed: { tone: "bad", icon: "bad", word: "Failed" },
  held: { tone: "attention", icon: "held", word: "Held" },
  "awaiting-approval": { tone: "attention", icon: "person", word: "Awaiting approval" },
  "in-progress": { tone: "going", icon: "run", word: "In progress" },
  suspended: { tone: "rest", icon: "susp", word: "Suspended" },
  tombstone: { tone: "rest", icon: "tomb", word: "Tombstone" },
  current: { tone: "good", icon: "ok", word: "Current" },
};

/** Worst first. */
export const UNION_STATES = Object.keys(UNION) as Schemas["UnionState"][];

/** The same in words. */
export const STATES = words(UNION);

/** Those in which somebody must act. */
export const NEEDS_PERSON = ["failed", "held", "awaiting-approval"] as const satisfies Schemas["UnionState"][];

export const needsPerson = (state: Schemas["UnionState"]) => NEEDS_PERSON.some((needs) => needs === state);

/** Whether its members cannot log in: it should run, and does not. */
export const isDown = ({ state, health }: Pick<Schemas["Union"], "state" | "health">) => health === "failed" && state !== "tombstone";

/** What the contract has as a text, since health is told in words of Kubernetes. */
const HEALTH: Record<string, Look> = {
  current: { tone: "good", icon: "ok", word: "Healthy" },
  "in-progress": { tone: "going", icon: "run", word: "In progress" },
  failed: { tone: "bad", icon: "bad", word: "Failed" },
  unknown: { tone: "rest", icon: "unk", word: "Unknown" },
};

const OUTCOME: Record<Schemas["Outcome"], Look> = {
  succeeded: { tone: "good", icon: "ok", word: "Succeeded" },
  failed: { tone: "bad", icon: "bad", word: "Failed" },
  superseded: { tone: "rest", icon: "skip", word: "Superseded" },
  interrupted: { tone: "rest", icon: "slash", word: "Interrupted" },
};

/** How deployments end, in words. */
export const OUTCOMES = words(OUTCOME);

const PHASE: Record<Schemas["Phase"], Look> = {
  running: { tone: "going", icon: "run", word: "Running" },
  waiting: { tone: "going", icon: "wait", word: "Waiting" },
  closed: { tone: "rest", icon: "skip", word: "Closed" },
};

const SOCIETY: Record<Schemas["SocietyState"], Look> = {
  current: { tone: "good", icon: "ok", word: "Current" },
  "in-progress": { tone: "going", icon: "run", word: "In progress" },
  blocked: { tone: "attention", icon: "held", word: "Blocked" },
  removed: { tone: "rest", icon: "tomb", word: "Removed" },
};

export const MEMBER: Record<Schemas["MemberState"], Look & { means: string }> = {
  spoiled: { tone: "bad", icon: "key", word: "Spoiled", means: "registered without a usable key" },
  accepted: { tone: "attention", icon: "half", word: "Accepted", means: "waits to be confirmed" },
  invited: { tone: "attention", icon: "mail", word: "Invited", means: "waits for them to register" },
  absent: { tone: "going", icon: "wait", word: "Absent", means: "not invited yet" },
  confirmed: { tone: "good", icon: "ok", word: "Confirmed", means: "can read what their row says" },
  revoked: { tone: "rest", icon: "slash", word: "Revoked", means: "cannot read" },
};

/** Those who wait first. */
export const MEMBER_STATES = Object.keys(MEMBER) as Schemas["MemberState"][];

const DONE: Record<Schemas["Done"], Look> = {
  created: { tone: "good", icon: "ok", word: "Created" },
  updated: { tone: "good", icon: "ok", word: "Updated" },
  deleted: { tone: "good", icon: "ok", word: "Deleted" },
  kept: { tone: "rest", icon: "skip", word: "Kept" },
  skipped: { tone: "rest", icon: "slash", word: "Skipped" },
  failed: { tone: "bad", icon: "bad", word: "Failed" },
};

/** Where a revision stands in a union; `said` of some of them: "2 failed". */
export const REVISION: Record<Schemas["RevisionState"], Look & { said: string }> = {
  failed: { tone: "bad", icon: "bad", word: "Failed", said: "failed" },
  waiting: { tone: "attention", icon: "held", word: "Waiting", said: "wait for somebody" },
  "in-progress": { tone: "going", icon: "run", word: "In progress", said: "in progress" },
  superseded: { tone: "rest", icon: "skip", word: "Superseded", said: "superseded" },
  done: { tone: "good", icon: "ok", word: "Done", said: "done" },
};

/** Worst first. */
export const REVISION_STATES = Object.keys(REVISION) as Schemas["RevisionState"][];

export const STEP: Record<Schemas["RevisionStep"], string> = {
  fetched: "Fetched",
  verified: "Verified",
  accepted: "Accepted",
  planned: "Planned",
  applied: "Applied",
  healthy: "Healthy",
  provisioned: "Provisioned",
};

export const ACTOR: Record<Schemas["Actor"], string> = {
  keyforge: "Keyforge",
  member: "The member",
  officer: "Officer",
  operator: "Operator",
  "second-person": "A second person",
};

export const REASON: Record<Schemas["Reason"], string> = {
  push: "new revision",
  drift: "drift",
  rotation: "rotation",
  retry: "tried again",
  startup: "start of the daemon",
  interval: "regular look",
  schedule: "schedule",
  request: "asked for",
};

/** What somebody did, where no field says it. */
export const DRIFT: Record<Schemas["Alteration"], string> = { changed: "changed", added: "added", removed: "deleted" };

export const DRIFT_OUTCOME: Record<Schemas["DriftOutcome"], Look> = {
  "put-back": { tone: "good", icon: "drift", word: "Put back" },
  kept: { tone: "attention", icon: "drift", word: "Kept" },
};

export const OUTCOMES_OF_DRIFT = words(DRIFT_OUTCOME);

/** What happens to a union. */
export const MOMENT: Record<Schemas["MomentKind"], Look> = {
  deployment: { tone: "going", icon: "roll", word: "Rollouts" },
  state: { tone: "rest", icon: "unk", word: "States" },
  hold: { tone: "attention", icon: "held", word: "Holds" },
  approval: { tone: "attention", icon: "person", word: "Approvals" },
  drift: { tone: "attention", icon: "drift", word: "Drift" },
  revision: { tone: "good", icon: "commit", word: "Revisions" },
  request: { tone: "rest", icon: "eye", word: "Requests" },
};

export const MOMENT_KINDS = Object.keys(MOMENT) as Schemas["MomentKind"][];

/** As what it led to looks, where that is told. */
export const lookOfMoment = ({ kind, state, outcome, drift }: Pick<Schemas["Moment"], "kind" | "state" | "outcome" | "drift">): Look =>
  outcome !== null && outcome !== undefined ? OUTCOME[outcome] : state !== null && state !== undefined ? UNION[state] : drift !== null && drift !== undefined ? DRIFT_OUTCOME[drift] : MOMENT[kind];

const ALL: Record<string, Look> = { ...SOCIETY, ...PHASE, ...OUTCOME, ...UNION };

/** How a state looks of which only the name is told. */
export const lookOf = (state: string | null): Look | undefined => (state !== null && Object.hasOwn(ALL, state) ? ALL[state] : undefined);

function Badge({ look, pill, extra }: { look: Look; pill?: boolean; extra?: string }) {
  return (
    <span className={`st ${look.tone} ${pill === true ? "pill" : ""}`}>
      <Icon name={look.icon} />
      {look.word}
      {extra}
    </span>
  );
}

export const StateBadge = ({ state, pill }: { state: Schemas["UnionState"]; pill?: boolean }) => <Badge look={UNION[state]} pill={pill} />;
export const RevisionStateBadge = ({ state }: { state: Schemas["RevisionState"] }) => <Badge look={REVISION[state]} />;
export const HealthBadge = ({ health, pill }: { health: string; pill?: boolean }) => <Badge look={HEALTH[health] ?? { tone: "rest", icon: "unk", word: health }} pill={pill} />;
export const SocietyBadge = ({ state, pill }: { state: Schemas["SocietyState"]; pill?: boolean }) => <Badge look={SOCIETY[state]} pill={pill} />;
export const MemberBadge = ({ state }: { state: Schemas["MemberState"] }) => <Badge look={MEMBER[state]} />;
export const DoneIcon = ({ done }: { done: Schemas["Done"] }) => (
  <span className={DONE[done].tone}>
    <Icon name={DONE[done].icon} />
  </span>
);

/** How a deployment ended, or where it is. */
export function DeploymentBadge({ of, pill, extra }: { of: Pick<Schemas["Deployment"], "outcome" | "phase">; pill?: boolean; extra?: string }) {
  return <Badge look={of.outcome === null ? PHASE[of.phase] : OUTCOME[of.outcome]} pill={pill} extra={extra} />;
}

export const toneOf = (of: Pick<Schemas["Deployment"], "outcome" | "phase">): Tone => (of.outcome === null ? PHASE[of.phase] : OUTCOME[of.outcome]).tone;
