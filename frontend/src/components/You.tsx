// Who is signed in, as what, and the way out.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Problem, signOut, type Schemas } from "../api/client";
import { me } from "../api/queries";
import type { Act } from "./Palette";

const ROLE: Record<Schemas["CallerRole"], string> = { operator: "Operator", viewer: "Viewer" };

/** Which unions somebody sees, in a few words. */
export function sight(unions: string[] | null): string {
  if (unions === null) return "all unions";
  if (unions.length === 0) return "no union";
  return unions.length <= 2 ? unions.join(" and ") : `${unions.length} unions`;
}

/** How somebody signs out who has signed in. */
export function useLeave(isAsked: boolean): Act | undefined {
  const { data } = useQuery({ ...me, enabled: isAsked });
  const leaving = useMutation({ mutationFn: signOut });
  if (data?.by !== "session" && data?.by !== "key") return undefined;
  return { icon: "ext", name: "Sign out", act: () => leaving.mutate() };
}

export function You() {
  const { data } = useQuery(me);
  const leaving = useMutation({ mutationFn: signOut });
  if (data === undefined || data.by === "nothing") return null;
  return (
    <>
      <span className="b s" title={data.name}>
        {data.name}
      </span>
      <span title={data.unions?.join(", ")}>
        {ROLE[data.role]}, {sight(data.unions)}
      </span>
      <button type="button" className="leave" onClick={() => leaving.mutate()} disabled={leaving.isPending}>
        Sign out
      </button>
      {leaving.error instanceof Problem && (
        <span role="alert" className="bad">
          Still signed in: {leaving.error.title}.
        </span>
      )}
    </>
  );
}
