// What a commit is: who made and signed it, what was planned of it and done, and which files it changed.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { revisionFiles } from "../api/queries";
import { Box, Copy, Empty, Facts, More } from "../ui/blocks";
import { Icon } from "../ui/Icon";
import { Said } from "../ui/Said";
import { exact } from "../ui/time";
import { Asked } from "./asked";
import { inNumbers } from "./lists";
import { RevisionLink } from "./revision";

type Way = Schemas["RevisionWay"];

export function Commit({ of }: { of: Way }) {
  return (
    <Box title="Commit">
      <Facts
        of={[
          ["Revision", <span key="" className="mono">{of.commit} <Copy text={of.commit} what="the commit" isId /></span>],
          ["Author", of.author],
          ["Signed", of.signature === null || of.signature === undefined ? undefined : <Signature key="" of={of.signature} />],
          ["Subject", of.subject],
          ["Committed", exact(of.committedAt)],
          ["Fetched", exact(of.fetchedAt)],
          ["Before it", of.previous === null ? undefined : <RevisionLink key="" revision={of.previous} />],
          ["Recorded", <Link key="" to="/audit" search={{ commit: of.commit }}>in the audit</Link>],
        ]}
      />
    </Box>
  );
}

function Signature({ of: { state, signers, commits, why } }: { of: NonNullable<Way["signature"]> }) {
  if (state === "not-asked") return <span className="m">nobody asks for it</span>;
  const keys = [...new Set(commits.flatMap(({ key }) => key ?? []))];
  return (
    <>
      <span className={`st ${state === "vouched" ? "good" : "bad"}`}>
        <Icon name={state === "vouched" ? "shield" : "bad"} />
        {state === "vouched" ? `by ${signers.join(", ") || "a known key"}` : "not as asked"}
      </span>
      {why !== null && (
        <div className="small">
          <Said of={why} />
        </div>
      )}
      {keys.map((key) => (
        <div key={key} className="mono small m">
          {key}
        </div>
      ))}
    </>
  );
}

/** What plans said and what became of it. */
export function Outcome({ of }: { of: Way }) {
  const { planned, done } = of;
  const rollouts = Object.entries(of.deployments).map(([outcome, count]) => `${count} ${outcome}`);
  if (of.openedAt === null) return null;
  return (
    <Box title="Plan and outcome">
      <Facts
        of={[
          ["Planned", inNumbers(planned)],
          ["Done", [done.create > 0 && `${done.create} created`, done.update > 0 && `${done.update} updated`, done.delete > 0 && `${done.delete} deleted`].filter((part) => part !== false).join(", ") || "nothing changed"],
          ["Kept", planned.keep],
          ["Rollouts", [...rollouts, ...(of.open > 0 ? [`${of.open} open`] : [])].join(", ")],
          ["First", exact(of.openedAt)],
          ["Last ended", of.closedAt === null ? undefined : exact(of.closedAt)],
        ]}
      />
    </Box>
  );
}

const SIGN: Record<Schemas["Alteration"], string> = { added: "good", changed: "going", removed: "bad" };

export function Files({ commit }: { commit: string }) {
  const asked = useInfiniteQuery(revisionFiles(commit));
  const total = asked.data?.pages[0]?.total;
  return (
    <Box title="Files" extra={total !== undefined && `${total.toLocaleString("en")} changed`}>
      <Asked query={asked} rows={3}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0)
            return (
              <Empty icon="doc" title="No file">
                <p>It changes none that Keyforge reads, or none that is yours to see.</p>
              </Empty>
            );
          return (
            <>
              <ul className="files">
                {items.map(({ path, change, added, removed }) => (
                  <li key={path}>
                    <span className="mono wrap">{path}</span>
                    <span className={`small nw ${SIGN[change]}`}>{added === null || removed === null ? change : `+${added} −${removed}`}</span>
                  </li>
                ))}
              </ul>
              {asked.hasNextPage && <More shown={items.length} what="files" hasMore isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />}
            </>
          );
        }}
      </Asked>
    </Box>
  );
}
