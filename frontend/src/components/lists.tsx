// Lists that stand on more than one page.
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { Said } from "../ui/Said";
import { Ago, duration } from "../ui/time";
import { DeploymentLink, RevisionLink, shortId } from "./revision";
import { DeploymentBadge, REASON, SocietyBadge } from "./words";

export const took = ({ openedAt, closedAt }: Schemas["Deployment"]) => (closedAt === null ? undefined : duration(Date.parse(closedAt) - Date.parse(openedAt)));

export const inNumbers = ({ create, update, delete: removed }: Schemas["Changes"]) =>
  [create > 0 && `${create} to create`, update > 0 && `${update} to update`, removed > 0 && `${removed} to delete`].filter((part) => part !== false).join(", ") || "nothing to change";


/** Deployments on a page of their own. */
export function DeploymentTable({ of, withUnion }: { of: Schemas["Deployment"][]; withUnion: boolean }) {
  return (
    <Table label="Deployments" head={["Outcome", withUnion ? "Union" : "Deployment", "What", "Revision", "Took", "Started"]} numbers={["Took"]}>
      {of.map((one) => (
        <Row key={one.id} id={one.id} needsPerson={one.outcome === "failed"}>
          <Cell className="nw">
            <DeploymentBadge of={one} />
          </Cell>
          <Name>
            {withUnion ? <DeploymentLink id={one.id} text={one.union} /> : <DeploymentLink id={one.id} text={shortId(one.id)} />}
            <span className="hidden">, {REASON[one.reason]}</span>
          </Name>
          <Cell className="wide wrap">
            {REASON[one.reason]}, <span className="s">{inNumbers(one.changes)}</span>
            {one.failure !== null && one.failure !== undefined && <div className="small bad"><Said of={one.failure.message} /></div>}
            {one.outcome === null && one.awaited !== null && <div className="small m">waits for {one.awaited}</div>}
          </Cell>
          <Cell className="hs">
            <RevisionLink revision={one.revision} />
          </Cell>
          <Cell className="r m small nw hs">{took(one)}</Cell>
          <Cell className="age r m small nw">
            <Ago at={one.openedAt} />
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

/** With `narrow` it fits beside something else. */
export function SocietyTable({ union, of, narrow = false }: { union: string; of: Schemas["Society"][]; narrow?: boolean }) {
  if (of.length === 0)
    return (
      <Empty icon="person" title="No societies">
        <p>
          Add <code>unions/{union}/societies/&lt;name&gt;.yaml</code>.
        </p>
      </Empty>
    );
  return (
    <Table label="Societies" head={["Name", "State", "Members", ...(narrow ? [] : ["Passwords"]), "Waits"]} numbers={["Members", "Passwords"]}>
      {of.map(({ name, displayName, state, members, passwords, waits }) => (
        <Row key={name} id={name} needsPerson={waits.length > 0}>
          <Name>
            <Link to="/unions/$union/societies/$society" params={{ union, society: name }} title={displayName}>
              {name}
            </Link>
          </Name>
          <Cell className="nw">
            <SocietyBadge state={state} />
          </Cell>
          <Cell className="r hs">{members}</Cell>
          {!narrow && <Cell className="r hs">{passwords}</Cell>}
          <Cell className="age r small">{waits.length === 0 ? <span className="m">nobody</span> : <span className="attention">{waits.length}</span>}</Cell>
        </Row>
      ))}
    </Table>
  );
}

