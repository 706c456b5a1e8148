// What stands where an answer is not there yet, or never will be. Data that was there stays while it is asked for again.
import { useQuery, type UseInfiniteQueryResult, type UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { session } from "../api/auth";
import { Problem } from "../api/client";
import { me } from "../api/queries";
import { Empty, Skeleton } from "../ui/blocks";
import { Said } from "../ui/Said";
import { sight } from "./You";

type Asking<T> = Pick<UseQueryResult<T>, "data" | "error"> | Pick<UseInfiniteQueryResult<T>, "data" | "error">;

export function Asked<T>({ query, rows, children }: { query: Asking<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Why error={query.error} />;
  return <Skeleton rows={rows} />;
}

/** The fact, the consequence, the code. */
export function Why({ error }: { error: unknown }) {
  // Whoever does not see all is told what they see: what else there is looks to them as if it were not.
  const seen = useQuery({ ...me, enabled: session.get().state !== "signed-out" }).data?.unions ?? null;
  if (!(error instanceof Problem)) {
    return (
      <Empty icon="bad" bad title="This page has a fault">
        <p>The unions are not affected. What the browser says of it:</p>
        <p className="mono">{error instanceof Error ? error.message : String(error)}</p>
      </Empty>
    );
  }
  const { status, code, title, detail, requestId } = error;
  const isNobodys = status === 403 || status === 404;
  const isHidden = isNobodys && seen !== null;
  return (
    <Empty icon={isHidden || status === 403 ? "seal" : isNobodys ? "unk" : "bad"} bad={!isNobodys} title={isHidden ? "Not there, or not yours to see" : title}>
      {detail !== undefined && !isHidden && (
        <p>
          <Said of={detail} />
        </p>
      )}
      {isHidden && (
        <p>
          You are viewer of {sight(seen)}. Who sees what stands under <code>spec.access</code> of <code>keyforge.yaml</code>.
        </p>
      )}
      <p className="mono m">
        {status > 0 && `${status} `}
        {code}
      </p>
      {requestId !== undefined && <p className="mono m">request {requestId}</p>}
    </Empty>
  );
}
