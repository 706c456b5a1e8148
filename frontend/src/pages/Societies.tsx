// Which societies, who waits in them?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Schemas } from "../api/client";
import { societies } from "../api/queries";
import { Asked } from "../components/asked";
import { FilterBox } from "../components/FilterBox";
import { SocietyTable } from "../components/lists";
import { MembersWaiting } from "../components/members";
import { EXACT } from "../components/revision";
import { Box, Empty } from "../ui/blocks";

const route = getRouteApi("/unions/$union/societies");

/** From so many on they are searched rather than read. */
const MANY = 8;

export function Societies() {
  const { union } = route.useParams();
  const { waits, search } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = useCallback((search: string | undefined) => void navigate({ search: (before) => ({ ...before, search }), replace: true }), [navigate]);
  const asked = useQuery(societies(union));
  const all = asked.data?.items ?? [];
  const shown = all.filter((one) => (waits !== true || one.waits.length > 0) && has(one, search));
  const waiting = all.filter((one) => one.waits.length > 0).length;
  return (
    <>
      {(all.length >= MANY || search !== undefined) && (
        <search className="query">
          <FilterBox label="Name of a society, or somebody who waits" of={search} choose={choose} />
        </search>
      )}
      {(waiting > 0 || waits === true) && (
        <nav className="chips" aria-label="Who waits">
          <route.Link to="/unions/$union/societies" params={{ union }} search={{ search }} activeOptions={EXACT} className="chip" aria-current={waits === undefined ? "true" : undefined}>
            All <b>{all.length}</b>
          </route.Link>
          <route.Link to="/unions/$union/societies" params={{ union }} search={{ search, waits: true }} activeOptions={EXACT} className="chip" aria-current={waits === true ? "true" : undefined}>
            Somebody waits <b>{waiting}</b>
          </route.Link>
        </nav>
      )}
      <Box title="Societies" about={asked.data?.items.length}>
        <Asked query={asked}>{() => (all.length > 0 && shown.length === 0 ? <None /> : <SocietyTable union={union} of={shown} />)}</Asked>
      </Box>
      {shown
        .filter(({ waits }) => waits.length > 0)
        .map(({ name, displayName, waits }) => (
          <Box key={name} title={`Who waits in ${displayName}`} about={waits.length}>
            <MembersWaiting of={waits} />
          </Box>
        ))}
    </>
  );
}

function has({ name, displayName, waits }: Schemas["Society"], search: string | undefined): boolean {
  const text = search?.toLowerCase() ?? "";
  return [name, displayName, ...waits.map(({ email }) => email)].some((one) => one.toLowerCase().includes(text));
}

function None() {
  const { union } = route.useParams();
  return (
    <Empty icon="person" title="No society matches">
      <p>
        <route.Link to="/unions/$union/societies" params={{ union }} className="b">
          Show all
        </route.Link>
      </p>
    </Empty>
  );
}
