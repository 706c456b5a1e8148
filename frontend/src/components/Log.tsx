// The log of a deployment: by pages once it is closed, line by line as long as it is not.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { Schemas } from "../api/client";
import { logs } from "../api/queries";
import { messages } from "../api/sse";
import { Box, Empty, More, Note } from "../ui/blocks";
import { Clock } from "../ui/time";
import { Asked } from "./asked";
import { EXACT } from "./revision";

type Line = Schemas["LogLine"];

const LEVELS: { level: Schemas["Level"] | undefined; name: string }[] = [
  { level: undefined, name: "All" },
  { level: "info", name: "Info" },
  { level: "warn", name: "Warnings" },
  { level: "error", name: "Errors" },
];

/** So many lines are kept on the page. */
const MOST = 5_000;

type Asking = { level: Schemas["Level"] | undefined; chosen: string | undefined };

/** `chosen` is the line that a link leads to. */
export function Log({ of, level, chosen }: { of: Schemas["Deployment"] } & Asking) {
  // What was open when it was looked at first goes on to be followed to its end.
  const [isFollowed] = useState(of.outcome === null);
  return (
    <Box
      title="Log"
      extra={of.outcome === null ? "following" : undefined}
      about={
        <nav className="chips" aria-label="By level">
          {LEVELS.map((one) => (
            <Link key={one.name} to="/deployments/$deployment" params={{ deployment: of.id }} search={{ level: one.level }} activeOptions={EXACT} className="chip" aria-current={one.level === level ? "true" : undefined}>
              {one.name}
            </Link>
          ))}
        </nav>
      }
    >
      {isFollowed ? <Followed id={of.id} level={level} chosen={chosen} isOpen={of.outcome === null} /> : <Kept id={of.id} level={level} chosen={chosen} />}
    </Box>
  );
}

function Kept({ id, level, chosen }: { id: string } & Asking) {
  const asked = useInfiniteQuery(logs(id, level));
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = asked;
  const lines = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const isAhead = chosen !== undefined && hasNextPage && !isFetchNextPageError && lines.length < MOST && !lines.some(({ id }) => id === chosen);
  useEffect(() => {
    if (isAhead && !isFetchingNextPage) void fetchNextPage();
  }, [isAhead, isFetchingNextPage, fetchNextPage]);
  return (
    <Asked query={asked} rows={8}>
      {({ pages }) => {
        return (
          <>
            {chosen !== undefined && !isAhead && !lines.some(({ id }) => id === chosen) && <NotHere />}
            <Lines of={lines} chosen={chosen} isOpen={false} />
            {asked.hasNextPage && <More shown={lines.length} what={`of ${pages[0]?.total ?? "more"} lines`} hasMore isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />}
          </>
        );
      }}
    </Asked>
  );
}

function isLine(said: unknown): said is Line {
  return typeof said === "object" && said !== null && "message" in said && "level" in said;
}

function Followed({ id, level, chosen, isOpen }: { id: string; isOpen: boolean } & Asking) {
  const [lines, setLines] = useState<Line[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const run = async () => {
      let last: string | undefined;
      while (!stop.signal.aborted) {
        try {
          const path = `/api/v1/deployments/${id}/logs/follow${level === undefined ? "" : `?level=${level}`}`;
          for await (const message of messages(path, last, stop.signal, () => {})) {
            if (message.event === "end") return;
            last = message.id ?? last;
            const said: unknown = message.data === "" ? undefined : JSON.parse(message.data);
            if (isLine(said)) setLines((before) => [...before, said].slice(-MOST));
          }
        } catch {
          // The page says by itself that the connection is lost.
        }
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    };
    void run();
    return () => stop.abort();
  }, [id, level]);
  return <Lines of={lines} chosen={chosen} isOpen={isOpen} />;
}

const NotHere = () => (
  <div className="inbox">
    <Note icon="unk">
      <b>The line of this link is not here.</b> It is of another level, is not kept any more, or comes from somebody who sees other unions.
    </Note>
  </div>
);

/** By arrows from line to line: one of them alone is reached by the tabulator. */
function toLine(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const here = document.activeElement?.closest(".logs > div");
  const next = event.key === "ArrowDown" ? here?.nextElementSibling : here?.previousElementSibling;
  if (here === null || here === undefined) return;
  next?.querySelector("button")?.focus();
  event.preventDefault();
}

const inSight = (line: HTMLElement | null) => line?.scrollIntoView({ block: "center" });

function Lines({ of, chosen, isOpen }: { of: Line[]; chosen: string | undefined; isOpen: boolean }) {
  const navigate = useNavigate({ from: "/deployments/$deployment" });
  const choose = (line: string) => void navigate({ search: (before) => ({ ...before, line }), replace: true, resetScroll: false });
  const box = useRef<HTMLDivElement>(null);
  // Whoever scrolls up reads there; what comes meanwhile is counted.
  const [stayedAt, setStayedAt] = useState(chosen);
  const isFollowing = isOpen && stayedAt === undefined;
  useEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- each new line is a reason to look again
  }, [of, isFollowing]);
  const stop = of.some(({ id }) => id === chosen) ? chosen : of[0]?.id;
  const stayed = of.findIndex(({ id }) => id === stayedAt);
  const since = stayed === -1 ? 0 : of.length - 1 - stayed;
  if (of.length === 0)
    return (
      <Empty icon="doc" title={isOpen ? "No line yet" : "No lines"}>
        <p>{isOpen ? "Lines appear as they are written." : "Of this level nothing was written, or it is not kept any more."}</p>
      </Empty>
    );
  return (
    <>
      <div
        className="logs"
        role="log"
        aria-live={isFollowing ? "polite" : "off"}
        aria-label="Log"
        tabIndex={0}
        ref={box}
        onKeyDown={toLine}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          const isAtEnd = scrollTop + clientHeight > scrollHeight - 40;
          setStayedAt((before) => (isAtEnd ? undefined : (before ?? of.at(-1)?.id)));
        }}
      >
        {of.map(({ id, at, level, message }) => (
          <div key={id} className={level} ref={id === chosen ? inSight : undefined} aria-current={id === chosen ? "true" : undefined}>
            <button type="button" title="Put this line into the address" tabIndex={id === stop ? 0 : -1} onClick={() => choose(id)}>
              <Clock at={at} millis />
            </button>
            <span className="m">{level}</span>
            <span className="text">{message}</span>
          </div>
        ))}
      </div>
      {isOpen && (
        <div className="more">
          <span className="m">{isFollowing ? "The newest line is shown as it is written." : since === 0 ? "Nothing new." : <b>{since} new {since === 1 ? "line" : "lines"}</b>}</span>
          <button type="button" className="b" data-follow aria-pressed={isFollowing} onClick={() => setStayedAt(isFollowing ? of.at(-1)?.id : undefined)}>
            {isFollowing ? "Following" : "Follow"}
          </button>
        </div>
      )}
    </>
  );
}
