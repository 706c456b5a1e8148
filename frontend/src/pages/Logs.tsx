// What the pods of a union in trouble have said last, and what the cluster says of its objects. Read from there when it is looked at.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { podEvents, podLogs, union } from "../api/queries";
import { Asked } from "../components/asked";
import { Box, Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { Ago, Clock } from "../ui/time";

const route = getRouteApi("/unions/$union/logs");

/** The API reads them for these alone: what a server that works says is nobody's matter. */
const isInTrouble = ({ state, health }: Schemas["UnionDetail"]) => state === "failed" || state === "in-progress" || health !== "current";

export function Logs() {
  const { union: name } = route.useParams();
  const { data } = useQuery(union(name));
  // What was read stays to be read, also once it works again.
  const [isRead, setIsRead] = useState<string>();
  if (data === undefined) return null;
  if (isInTrouble(data) && isRead !== name) setIsRead(name);
  if (!isInTrouble(data) && isRead !== name)
    return (
      <section className="box">
        <Empty icon="ok" title="Its server works">
          <p>What pods say is read from the cluster only while a union is failed, in progress or not healthy, and is kept nowhere.</p>
        </Empty>
      </section>
    );
  return <Trouble key={name} of={name} />;
}

function Trouble({ of }: { of: string }) {
  const events = useQuery(podEvents(of));
  const logs = useQuery(podLogs(of));
  const again = () => void Promise.all([events.refetch(), logs.refetch()]);
  return (
    <>
      <p className="again s small">
        {logs.dataUpdatedAt > 0 && (
          <>
            Read from the cluster <Ago at={new Date(logs.dataUpdatedAt).toISOString()} /> ago.{" "}
          </>
        )}
        <button type="button" className="b" onClick={again} disabled={events.isFetching || logs.isFetching}>
          Read again
        </button>
      </p>
      <Box title="The cluster says" about="newest first">
        <Asked query={events} rows={4}>
          {({ items }) => <Events of={items} />}
        </Asked>
      </Box>
      <Asked query={logs} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <section className="box">
              <Empty icon="doc" title="No pod">
                <p>There is none that could say anything; what the cluster says above may tell why.</p>
              </Empty>
            </section>
          ) : (
            items.map((one) => <Container key={`${one.pod} ${one.container} ${one.previous}`} of={one} />)
          )
        }
      </Asked>
    </>
  );
}

function Events({ of }: { of: Schemas["ClusterEvent"][] }) {
  if (of.length === 0)
    return (
      <Empty icon="skip" title="No events">
        <p>The cluster keeps such events for about an hour.</p>
      </Empty>
    );
  return (
    <Table label="Events of the cluster" head={["Kind", "Of", "What", "Times", "Last"]} numbers={["Times"]}>
      {of.map(({ at, kind, reason, message, resource, times }) => (
        <Row key={`${at} ${resource.kind} ${resource.name} ${reason} ${message}`} needsPerson={kind === "Warning"}>
          <Cell className={`nw ${kind === "Warning" ? "attention" : "m"}`}>{kind}</Cell>
          <Name>
            <span className="m">{resource.kind}</span> <span className="wrap">{resource.name}</span>
          </Name>
          <Cell className="wide wrap">
            <b>{reason}</b> {message}
          </Cell>
          <Cell className="r m hs">{times}</Cell>
          <Cell className="age r m small nw">{at !== null && <Ago at={at} />}</Cell>
        </Row>
      ))}
    </Table>
  );
}

function Container({ of: { pod, container, previous, items, reason } }: { of: Schemas["PodLog"] }) {
  return (
    <Box title={`${container} in ${pod}`} extra={previous ? "before it was started again" : "the last lines"} label={`${container} in ${pod}, ${previous ? "before" : "now"}`}>
      {items.length === 0 ? (
        <Empty icon="doc" title="No line">
          <p>{reason ?? "It has said nothing."}</p>
        </Empty>
      ) : (
        <div className="logs pods" role="log" aria-live="off" aria-label={`Lines of ${container} in ${pod}`} tabIndex={0}>
          {items.map(({ at, message }, line) => (
            // Lines have no names, and are read anew as a whole.
            // oxlint-disable-next-line react/no-array-index-key
            <div key={line}>
              <span>{at !== null && <Clock at={at} millis />}</span>
              <span className="text">{message}</span>
            </div>
          ))}
        </div>
      )}
    </Box>
  );
}
