// The log of a deployment: by pages once it is closed, line by line as long as it is not.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { logs } from "../api/queries";
import { messages } from "../api/sse";
import { Box, Empty, More } from "../ui/blocks";
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

export function Log({ of, level }: { of: Schemas["Deployment"]; level: Schemas["Level"] | undefined }) {
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
      {isFollowed ? <Followed id={of.id} level={level} isOpen={of.outcome === null} /> : <Kept id={of.id} level={level} />}
    </Box>
  );
}

function Kept({ id, level }: { id: string; level: Schemas["Level"] | undefined }) {
  const asked = useInfiniteQuery(logs(id, level));
  return (
    <Asked query={asked} rows={8}>
      {({ pages }) => {
        const lines = pages.flatMap((page) => page.items);
        return (
          <>
            <Lines of={lines} isOpen={false} />
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

function Followed({ id, level, isOpen }: { id: string; level: Schemas["Level"] | undefined; isOpen: boolean }) {
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
  return <Lines of={lines} isOpen={isOpen} />;
}

function Lines({ of, isOpen }: { of: Line[]; isOpen: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isOpen && isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- each new line is a reason to look again
  }, [of, isOpen]);
  if (of.length === 0)
    return (
      <Empty icon="doc" title={isOpen ? "No line yet" : "No lines"}>
        <p>{isOpen ? "Lines appear as they are written." : "Of this level nothing was written, or it is not kept any more."}</p>
      </Empty>
    );
  return (
    <div
      className="logs"
      role="log"
      aria-live="off"
      aria-label="Log"
      tabIndex={0}
      ref={box}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 40;
      }}
    >
      {of.map(({ id, at, level, message }) => (
        <div key={id} className={level}>
          <Clock at={at} millis />
          <span className="m">{level}</span>
          <span className="text">{message}</span>
        </div>
      ))}
    </div>
  );
}
