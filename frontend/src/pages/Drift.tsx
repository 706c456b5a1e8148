// Who changed what by hand, and what became of it: the field, what the files say, what somebody made of it, and who.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { drift } from "../api/queries";
import { Asked } from "../components/asked";
import { DayField, WordField } from "../components/filters";
import { DeploymentLink } from "../components/revision";
import { DRIFT, DRIFT_OUTCOME, OUTCOMES_OF_DRIFT } from "../components/words";
import { Box, Cell, Empty, More, Name, Row, Table } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Ago, useToday } from "../ui/time";

const route = getRouteApi("/unions/$union/drift");

type Drift = Schemas["Drift"];

export function Drift() {
  const { union } = route.useParams();
  const { outcome, since } = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday();
  const choose = (one: { outcome?: Schemas["DriftOutcome"]; since?: string }) => void navigate({ search: (before) => ({ ...before, ...one }), replace: true });
  const asked = useInfiniteQuery(drift(union, { outcome, since }));
  return (
    <Box title="Drift" about="what others changed in the cluster, newest first" >
      <div className="days">
        <WordField label="Outcome" of={outcome} words={OUTCOMES_OF_DRIFT} choose={(outcome) => choose({ outcome })} />
        <DayField label="Since" of={since} max={today} choose={(since) => choose({ since })} />
      </div>
      <Asked query={asked} rows={8}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <None isFiltered={outcome !== undefined || since !== undefined} />;
          return (
            <>
              <Table label="Drift" head={["Outcome", "What", "Ours", "Theirs", "Who", "Times", "Last"]} numbers={["Times"]}>
                {items.map((one) => (
                  <One key={`${one.resource.kind} ${one.resource.namespace} ${one.resource.name} ${one.field} ${one.manager} ${one.firstAt}`} of={one} />
                ))}
              </Table>
              <More shown={items.length} what="newest first" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
            </>
          );
        }}
      </Asked>
    </Box>
  );
}

function One({ of: { kind, resource, field, ours, theirs, manager, outcome, times, lastAt, stands, deployment } }: { of: Drift }) {
  const { tone, icon, word } = DRIFT_OUTCOME[outcome];
  return (
    <Row needsPerson={stands}>
      <Cell className="nw">
        <span className={`st ${tone}`}>
          <Icon name={icon} />
          {word}
        </span>
        {stands && <div className="small m">still so</div>}
      </Cell>
      <Name>
        <span className="m">{resource.kind}</span> <span className="wrap">{resource.name}</span>
        <div className="small wrap">{field === null ? <span className="s">{DRIFT[kind]}</span> : <code>{field}</code>}</div>
      </Name>
      <Cell className="wide mono small wrap">
        <span className="po">ours: </span>
        {json(ours)}
      </Cell>
      <Cell className="wide mono small wrap">
        <span className="po">theirs: </span>
        {json(theirs)}
      </Cell>
      <Cell className="wide s">{manager ?? <span className="m">nobody knows</span>}</Cell>
      <Cell className="r hs">{times === 1 ? "once" : `${times.toLocaleString("en")} times`}</Cell>
      <Cell className="age r m small nw">{deployment === null ? <Ago at={lastAt} /> : <DeploymentLink id={deployment} text={<Ago at={lastAt} />} />}</Cell>
    </Row>
  );
}

const json = (value: unknown) => (value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));

function None({ isFiltered }: { isFiltered: boolean }) {
  const { union } = route.useParams();
  if (!isFiltered)
    return (
      <Empty icon="ok" title="Nobody changed anything by hand">
        <p>What somebody changes in the cluster stands here: the field, both values, and whether it was put back.</p>
      </Empty>
    );
  return (
    <Empty icon="drift" title="No drift of this kind">
      <p>
        <route.Link to="/unions/$union/drift" params={{ union }} className="b">
          Show all
        </route.Link>
      </p>
    </Empty>
  );
}
