// One union: its head and its tabs. What stands below is a page of its own.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useLocation } from "@tanstack/react-router";
import { union } from "../api/queries";
import { Asked } from "../components/asked";
import { Page } from "../components/Page";
import { Domain } from "../components/Domain";
import { EXACT } from "../components/revision";
import { HealthBadge, StateBadge } from "../components/words";

const route = getRouteApi("/unions/$union");

const TABS = [
  { to: "/unions/$union", name: "Summary" },
  { to: "/unions/$union/plan", name: "Plan" },
  { to: "/unions/$union/resources", name: "Resources" },
  { to: "/unions/$union/societies", name: "Societies" },
  { to: "/unions/$union/deployments", name: "Deployments" },
  { to: "/unions/$union/fields", name: "Fields" },
  { to: "/unions/$union/drift", name: "Drift" },
  { to: "/unions/$union/timeline", name: "Timeline" },
  { to: "/unions/$union/logs", name: "Logs" },
] as const;

export function Union() {
  const { union: name } = route.useParams();
  const { pathname } = useLocation();
  const asked = useQuery(union(name));
  const { data } = asked;
  return (
    <Page
      title={data?.displayName ?? name}
      meta={
        data !== undefined && (
          <>
            <span className="mono s">{name}</span>
            <Domain of={data.domain} />
            <span>
              namespace <span className="mono s">union-{name}</span>
            </span>
            <span>
              {data.members} {data.members === 1 ? "member" : "members"} in {data.societies} {data.societies === 1 ? "society" : "societies"}
            </span>
          </>
        )
      }
      badges={
        data !== undefined && (
          <>
            <StateBadge state={data.state} pill />
            {data.state !== "tombstone" && <HealthBadge health={data.health} pill />}
          </>
        )
      }
    >
      <Asked query={asked}>
        {() => (
          <>
            <nav className="tabs" aria-label={name}>
              {TABS.map(({ to, name: tab }) => {
                const path = to.replace("$union", name);
                return (
                  <Link key={to} to={to} params={{ union: name }} activeOptions={EXACT} aria-current={pathname === path || pathname === `${path}/` ? "page" : undefined}>
                    {tab}
                    {tab === "Societies" && <span className="n">{data?.societies}</span>}
                  </Link>
                );
              })}
            </nav>
            <Outlet />
          </>
        )}
      </Asked>
    </Page>
  );
}
