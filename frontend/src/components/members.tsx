// People of a society: who waits for whom, and who can read what.
import type { Schemas } from "../api/client";
import { Cell, Name, Row, Table } from "../ui/blocks";
import { Ago } from "../ui/time";
import { ACTOR, MEMBER_STATES, MemberBadge } from "./words";

/** Those who wait first. */
export const inOrder = (people: Schemas["Member"][]) => people.toSorted((one, other) => MEMBER_STATES.indexOf(one.state) - MEMBER_STATES.indexOf(other.state) || one.email.localeCompare(other.email));

function Next({ of: { actor, reason } }: { of: Schemas["Member"] }) {
  if (actor === null || actor === undefined) return reason;
  return (
    <>
      {ACTOR[actor]}
      {reason !== null && `: ${reason}`}
    </>
  );
}

export function MembersWaiting({ of }: { of: Schemas["Member"][] }) {
  return (
    <Table label="Who waits" head={["State", "Member", "Who acts next", "For"]}>
      {inOrder(of).map((member) => (
        <Row key={member.email} id={member.email} needsPerson>
          <Cell className="nw">
            <MemberBadge state={member.state} />
          </Cell>
          <Name>{member.email}</Name>
          <Cell className="wide small s">
            <Next of={member} />
          </Cell>
          <Cell className="age r m small nw">
            <Ago at={member.since} />
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

/** Owners and admins see all collections, whatever is listed. */
const seesAll = (role: Schemas["Role"]) => role === "owner" || role === "admin";

const right = (member: Schemas["Member"], collection: string) => (seesAll(member.role) ? "manage" : member.collections[collection]);

/** `chosen` is marked, and scrolled to. */
export function AccessTable({ of, collections, chosen }: { of: Schemas["Member"][]; collections: string[]; chosen: string | undefined }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Members and what they can read">
      <table className="cards mx" role="table" aria-label="Members">
        <thead role="rowgroup">
          <tr role="row">
            {["Member", "State", "Role", "For", "Who acts next"].map((title) => (
              <th key={title} role="columnheader" scope="col">
                {title}
              </th>
            ))}
            {collections.map((collection) => (
              <th key={collection} role="columnheader" scope="col" className="c">
                {collection}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {inOrder(of).map((member) => (
            <Row key={member.email} id={member.email} isChosen={member.email === chosen} needsPerson={member.actor !== null && member.actor !== undefined && member.actor !== "keyforge"}>
              <Name>
                <span className="wrap">{member.email}</span>
                {!member.listed && <span className="m small"> not in the files</span>}
              </Name>
              <Cell className="nw">
                <MemberBadge state={member.state} />
              </Cell>
              <Cell className="wide small s">
                {member.role}
                {member.until !== null && ` until ${member.until}`}
              </Cell>
              <Cell className="m small nw hs">
                <Ago at={member.since} />
              </Cell>
              <Cell className="wide small s">
                <Next of={member} />
              </Cell>
              {collections.map((collection) => {
                const level = right(member, collection);
                return (
                  <Cell key={collection} className="c">
                    <span className={level ?? "none"}>
                      <span className="hidden">{collection}: </span>
                      {level ?? <>–<span className="hidden">nothing</span></>}
                    </span>
                  </Cell>
                );
              })}
              <Cell className="ps small s">
                {collections
                  .filter((collection) => right(member, collection) !== undefined)
                  .map((collection) => `${right(member, collection)} ${collection}`)
                  .join(", ")}
              </Cell>
            </Row>
          ))}
        </tbody>
      </table>
    </div>
  );
}
