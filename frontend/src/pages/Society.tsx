// Who can read what, who must act, how old are the passwords? Values are never here: the API does not have them.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { society } from "../api/queries";
import { Asked } from "../components/asked";
import { AccessTable } from "../components/members";
import { Page } from "../components/Page";
import { Readers } from "../components/Readers";
import { UnionLink } from "../components/revision";
import { MEMBER, MEMBER_STATES, MemberBadge, SocietyBadge } from "../components/words";
import { Box, Cell, Empty, Name, Note, Row, Table } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Said } from "../ui/Said";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions/$union/societies/$society");

export function Society() {
  const { union, society: name } = route.useParams();
  const { member, password } = route.useSearch();
  const asked = useQuery(society(union, name));
  const { data } = asked;
  return (
    <Page
      title={data?.displayName ?? name}
      meta={
        <>
          <span className="mono s">{name}</span>
          <span>
            in <UnionLink name={union} />
          </span>
          <span className="mono">
            unions/{union}/societies/{name}.yaml
          </span>
          {data !== undefined && data.updatedAt !== null && (
            <span>
              changed <Ago at={data.updatedAt} /> ago
            </span>
          )}
        </>
      }
      badges={data !== undefined && <SocietyBadge state={data.state} pill />}
    >
      <Asked query={asked} rows={10}>
        {({ findings, countsByMemberState, people, collections, items }) => (
          <>
            {findings.map((finding) => (
              <Note key={finding} tone="attention" icon="warn">
                <span className="wrap"><Said of={finding} /></span>
              </Note>
            ))}
            <section className="box flow" aria-label="Members by state">
              {MEMBER_STATES.filter((state) => (countsByMemberState[state] ?? 0) > 0).map((state) => (
                <div key={state}>
                  <div className="top">
                    <MemberBadge state={state} />
                    <span className="n">{countsByMemberState[state]}</span>
                  </div>
                  <div className="small m">{MEMBER[state].means}</div>
                </div>
              ))}
            </section>
            <Box title="Members" about={`${people.length}, those who wait first`} extra="access to each collection">
              {people.length === 0 ? (
                <Empty icon="person" title="Nobody yet">
                  <p>Members stand here once the society is in the vault.</p>
                </Empty>
              ) : (
                <>
                  <AccessTable of={people} collections={collections} chosen={member} />
                  <p className="tot">Owners and admins manage all collections. Hidden is advice to clients: the server still sends the value.</p>
                </>
              )}
            </Box>
            <Readers />
            <Box title="Passwords" about={items.length} extra="values are never shown">
              {items.length === 0 ? (
                <Empty icon="key" title="No passwords">
                  <p>
                    Add them under <code>spec.passwords</code>.
                  </p>
                </Empty>
              ) : (
                <Table label="Passwords" head={["Name", "Value", "Collection", "Rotation", "Age"]}>
                  {items.map(({ name, collection, kind, rotation, changedAt }) => (
                    <Row key={name} id={name} isChosen={name === password}>
                      <Name>{name}</Name>
                      <Cell className="nw s">
                        {kind === null ? <span className="m">not in the vault yet</span> : <span className="st"><Icon name={kind === "sealed" ? "seal" : "dice"} /> {kind}</span>}
                      </Cell>
                      <Cell className="wide s">{collection}</Cell>
                      <Cell className="s hs">{rotation}</Cell>
                      <Cell className="age r m small nw">{changedAt !== null && <Ago at={changedAt} />}</Cell>
                    </Row>
                  ))}
                </Table>
              )}
            </Box>
          </>
        )}
      </Asked>
    </Page>
  );
}
