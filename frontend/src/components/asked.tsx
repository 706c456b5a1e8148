// What stands where an answer is not there yet, or never will be. Data that was there stays while it is asked for again.
import { useQuery, type UseInfiniteQueryResult, type UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../api/client";
import { me } from "../api/queries";
import { Empty, Skeleton } from "../ui/blocks";
import { sight } from "./You";

type Asking<T> = Pick<UseQueryResult<T>, "data" | "error"> | Pick<UseInfiniteQueryResult<T>, "data" | "error">;

export function Asked<T>({ query, rows, children }: { query: Asking<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Why error={query.error} />;
  return <Skeleton rows={rows} />;
}

/** The fact, the consequence, the code. */
export function Why({ error }: { error: unknown }) {
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
  return (
    <Empty icon={status === 403 ? "seal" : status === 404 ? "unk" : "bad"} bad={!isNobodys} title={title}>
      {detail !== undefined && <p>{detail}</p>}
      {isNobodys && <Sight />}
      <p className="mono m">
        {status > 0 && `${status} `}
        {code}
      </p>
      {requestId !== undefined && <p className="mono m">request {requestId}</p>}
    </Empty>
  );
}

/** What somebody sees who does not see all: what else there is looks to them as if it were not. */
function Sight() {
  const { data } = useQuery(me);
  if (data === undefined || data.unions === null) return null;
  return (
    <p>
      You are viewer of {sight(data.unions)}. Who sees what stands under <code>spec.access</code> of <code>keyforge.yaml</code>.
    </p>
  );
}
