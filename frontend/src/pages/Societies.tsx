// Which societies, who waits in them?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { societies } from "../api/queries";
import { Asked } from "../components/asked";
import { SocietyTable } from "../components/lists";
import { MembersWaiting } from "../components/members";
import { Box } from "../ui/blocks";

const route = getRouteApi("/unions/$union/societies");

export function Societies() {
  const { union } = route.useParams();
  const asked = useQuery(societies(union));
  return (
    <>
      <Box title="Societies" about={asked.data?.items.length}>
        <Asked query={asked}>{({ items }) => <SocietyTable union={union} of={items} />}</Asked>
      </Box>
      {asked.data?.items
        .filter(({ waits }) => waits.length > 0)
        .map(({ name, displayName, waits }) => (
          <Box key={name} title={`Who waits in ${displayName}`} about={waits.length}>
            <MembersWaiting of={waits} />
          </Box>
        ))}
    </>
  );
}
