// What is, what will be, why not yet.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { diagnostics, societies, timeline, union } from "../api/queries";
import { Asked } from "../components/asked";
import { DiagnosticText } from "../components/DiagnosticText";
import { Moments } from "../components/Moments";
import { NoPlan, PlanText, usePlan } from "../components/PlanText";
import { RevisionLink, short } from "../components/revision";
import { SocietyTable } from "../components/lists";
import { HealthBadge, StateBadge, UNION } from "../components/words";
import { Box, Command, Empty, Facts, Note } from "../ui/blocks";
import { Said } from "../ui/Said";
import { Ago, exact } from "../ui/time";

const route = getRouteApi("/unions/$union/");

export function Summary() {
  const { union: name } = route.useParams();
  const { data } = useQuery(union(name));
  const planned = usePlan(data);
  const held = useInfiniteQuery(diagnostics({ union: name }));
  const inside = useQuery(societies(name));
  const latest = useInfiniteQuery(timeline(name, {}, NEWEST));
  if (data === undefined) return null;
  const found = held.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Questions of={data} plan={planned.data} />
      {data.findings.map((finding) => (
        <Note key={finding} tone="attention" icon="warn">
          <span className="wrap"><Said of={finding} /></span>
        </Note>
      ))}
      {found.length > 0 && (
        <Box title="In its files" about={`${found.length} ${found.length === 1 ? "finding" : "findings"}, as keyforge validate prints them`}>
          <DiagnosticText of={found} />
        </Box>
      )}
      <div className="cols">
        <div className="stack">
          <Box title="Plan" about={<>the same as <code>keyforge plan --live</code></>} extra={<Link to="/unions/$union/plan" params={{ union: name }}>All of it</Link>}>
            {data.desiredRevision === null ? <NoPlan /> : <Asked query={planned}>{(plan) => <PlanText of={plan} />}</Asked>}
          </Box>
        </div>
        <div className="stack">
          <Box title="Timeline" extra={<Link to="/unions/$union/timeline" params={{ union: name }}>All events</Link>}>
            <Asked query={latest} rows={6}>
              {({ pages: [page] }) => <Newest of={page?.items ?? []} />}
            </Asked>
          </Box>
          <Box title="Societies" extra={data.societies}>
            <Asked query={inside} rows={3}>
              {({ items }) => <SocietyTable union={name} of={items} narrow />}
            </Asked>
          </Box>
        </div>
      </div>
    </>
  );
}

/** So much of what happened stands beside the plan. */
const NEWEST = 9;

const Newest = ({ of }: { of: Schemas["Moment"][] }) =>
  of.length === 0 ? (
    <Empty icon="clock" title="Nothing happened yet">
      <p>The first rollout starts as soon as a worker is free.</p>
    </Empty>
  ) : (
    <Moments of={of} />
  );

function Questions({ of, plan }: { of: Schemas["UnionDetail"]; plan: Schemas["Plan"] | undefined }) {
  const why = reasons(of, plan);
  const isThere = of.desiredRevision !== null && of.appliedRevision === of.desiredRevision;
  const changes = plan?.changes.length ?? 0;
  return (
    <section className={`box iww ${why === undefined ? "" : "three"}`} aria-label="What is, what will be, why not">
      <div>
        <h2>What is</h2>
        <p className="a">{of.appliedRevision === null ? "Nothing is applied yet" : <RevisionLink revision={of.appliedRevision} />}</p>
        <Facts
          of={[
            ["State", <StateBadge key="" state={of.state} />],
            ["Health", of.state === "tombstone" ? undefined : <HealthBadge key="" health={of.health} />],
            ["Seen", of.healthReason],
            ["Changed", <span key=""><Ago at={of.updatedAt} /> ago</span>],
          ]}
        />
      </div>
      <div>
        <h2>What will be</h2>
        <p className="a">{isThere ? (of.guards.length > 0 ? "The same, until it is approved" : "The same") : <RevisionLink revision={of.desiredRevision} />}</p>
        <Facts
          of={[
            ["Left to do", plan === undefined ? undefined : changes === 0 ? (of.guards.length > 0 ? "nothing before an approval" : "nothing") : `${changes} ${changes === 1 ? "change" : "changes"}`],
            ["Waiting", plan?.waits === null || plan?.waits === undefined ? undefined : plan.waits.why],
            ["Kept until", of.keptUntil === null ? undefined : exact(of.keptUntil)],
            ["Looked at", plan === undefined ? undefined : <span key=""><Ago at={plan.lookedAt} /> ago</span>],
          ]}
        />
      </div>
      {why !== undefined && (
        <div className={`why ${why.tone}`}>
          <h2>{why.question}</h2>
          <p className="a"><Said of={why.fact} /></p>
          {of.guards.length === 0 && <p className="small s wrap"><Said of={why.consequence} /></p>}
          {of.guards.map((guard) => (
            <div key={guard.digest} className="guard">
              {guard.why !== why.fact && (
                <p className="small s wrap">
                  <Said of={guard.why} />
                </p>
              )}
              <ul className="small s wrap">
                {guard.changes.map((change) => (
                  <li key={change}>
                    <Said of={change} />
                  </li>
                ))}
              </ul>
              <p className="small s">A commit that ends with this line lets them go:</p>
              <Command text={guard.approve} what="the trailer" />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

type Reason = { question: string; tone: string; fact: string; consequence: string };

const WHY = "Why not yet";

/** What stands in the way, if anything does. */
function reasons(of: Schemas["UnionDetail"], plan: Schemas["Plan"] | undefined): Reason | undefined {
  const stays = of.appliedRevision === null ? "Nothing was made yet." : `It stays at ${short(of.appliedRevision)}. Nothing was deleted.`;
  if (plan !== undefined && plan.refused !== null) return { question: WHY, tone: "bad", fact: plan.refused, consequence: plan.hint ?? stays };
  const { tone, word } = UNION[of.state];
  if (tone === "good" && of.guards.length === 0) return undefined;
  if (of.state === "in-progress") return of.reason === null ? undefined : { question: WHY, tone: "going", fact: of.reason, consequence: "Keyforge goes on by itself." };
  const fact = of.reason ?? word;
  if (of.state === "tombstone") return { question: "At rest", tone, fact, consequence: "Its server is stopped. A revert of the commit that removed it brings it back with its data." };
  if (of.state === "suspended") return { question: "At rest", tone, fact, consequence: "Nothing is changed; drift is still told." };
  return { question: WHY, tone, fact, consequence: stays };
}
