// A commit that no revision is: it has not arrived, or is of another branch. The page goes on asking for it.
import { useQuery } from "@tanstack/react-query";
import { health } from "../api/queries";
import { Empty } from "../ui/blocks";
import { Ago, Clock } from "../ui/time";
import { short } from "./revision";

export function NotSeen({ commit }: { commit: string }) {
  const source = useQuery(health).data?.source ?? undefined;
  return (
    <section className="box">
      <Empty icon="commit" title={`${short(commit)} was not seen${source === undefined ? "" : ` on ${source.branch}`}`}>
        {source !== undefined && (
          <p>
            The branch <code>{source.branch}</code> was read <Ago at={source.lookedAt} /> ago, at <Clock at={source.lookedAt} /> UTC
            {source.revision !== null && (
              <>
                , and stood at <span className="mono">{short(source.revision)}</span>
              </>
            )}
            .
          </p>
        )}
        <p>It has not been fetched yet, is on another branch, or is not yours to see. This page shows it as soon as it arrives; an operator has the repo looked at now by <code>keyforge sync</code>.</p>
      </Empty>
    </section>
  );
}
