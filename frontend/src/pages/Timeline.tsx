// What happened to a union, newest first; what was the same again and again is told once, with how often.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { timeline } from "../api/queries";
import { Asked } from "../components/asked";
import { DayField } from "../components/filters";
import { Moments } from "../components/Moments";
import { EXACT } from "../components/revision";
import { MOMENT, MOMENT_KINDS } from "../components/words";
import { Box, Empty, More } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { useToday } from "../ui/time";

const route = getRouteApi("/unions/$union/timeline");

export function Timeline() {
  const { union } = route.useParams();
  const { kind, since, until } = route.useSearch();
  const asked = useInfiniteQuery(timeline(union, { kind, since, until }));
  return (
    <>
      <Kinds />
      <Box title="Timeline" about="newest first, UTC">
        <Period />
        <Asked query={asked} rows={12}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            if (items.length === 0)
              return (
                <Empty icon="clock" title="Nothing happened">
                  <p>{kind === undefined && since === undefined && until === undefined ? "What is done for this union stands here." : "Of this kind, or at that time. Lift a filter to see the rest."}</p>
                </Empty>
              );
            return (
              <>
                <Moments of={items} />
                <More shown={items.length} what="moments" hasMore={asked.hasNextPage} isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
              </>
            );
          }}
        </Asked>
      </Box>
    </>
  );
}

function Kinds() {
  const { union } = route.useParams();
  const search = route.useSearch();
  return (
    <nav className="chips" aria-label="By kind">
      <route.Link to="/unions/$union/timeline" params={{ union }} search={{ ...search, kind: undefined }} activeOptions={EXACT} className="chip" aria-current={search.kind === undefined ? "true" : undefined}>
        All
      </route.Link>
      {MOMENT_KINDS.map((kind) => (
        <route.Link key={kind} to="/unions/$union/timeline" params={{ union }} search={{ ...search, kind }} activeOptions={EXACT} className="chip" aria-current={search.kind === kind ? "true" : undefined}>
          <Icon name={MOMENT[kind].icon} small />
          {MOMENT[kind].word}
        </route.Link>
      ))}
    </nav>
  );
}

/** The days that are told, which stand in the address. */
function Period() {
  const { since, until } = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday();
  const choose = (name: "since" | "until", day: string | undefined) => void navigate({ search: (before) => ({ ...before, [name]: day }), replace: true });
  return (
    <div className="days">
      <DayField label="From" of={since} max={until ?? today} choose={(day) => choose("since", day)} />
      <DayField label="To the end of" of={until} min={since} max={today} choose={(day) => choose("until", day)} />
    </div>
  );
}
