// What stands where an answer is not there yet, or never will be. Data that was there stays while it is asked for again.
import type { UseInfiniteQueryResult, UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../api/client";
import { Empty, Skeleton } from "../ui/blocks";

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
      {status === 404 && <p>Who signs in for some unions sees no others.</p>}
      <p className="mono m">
        {status > 0 && `${status} `}
        {code}
      </p>
      {requestId !== undefined && <p className="mono m">request {requestId}</p>}
    </Empty>
  );
}
