// What stands around each page, and who may see it at all.
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { session } from "../api/auth";
import { health, overview } from "../api/queries";
import { nextTheme, theme } from "../theme";
import { Icon, Logo, type IconName } from "../ui/Icon";
import { Ago } from "../ui/time";
import { Crumbs } from "./Crumbs";
import { Live, Notes } from "./Live";
import { short } from "./revision";
import { SignIn } from "./SignIn";
import { useKeys } from "./keys";
import { EXACT } from "./revision";
import { UNION, UNION_STATES } from "./words";
import { useLeave, You } from "./You";

const Palette = lazy(() => import("./Palette"));
const Keys = lazy(() => import("./Keys"));

const PAGES = [
  { to: "/", icon: "grid", name: "Overview" },
  { to: "/unions", icon: "box", name: "Unions" },
  { to: "/deployments", icon: "roll", name: "Deployments" },
  { to: "/revisions", icon: "commit", name: "Revisions" },
  { to: "/diagnostics", icon: "doc", name: "Diagnostics" },
  { to: "/audit", icon: "shield", name: "Audit" },
] as const satisfies { to: string; icon: IconName; name: string }[];

type Open = "palette" | "keys" | undefined;

export function Shell() {
  const now = session.use();
  const leave = useLeave(now.state !== "signed-out");
  const [open, setOpen] = useState<Open>();
  // A browser tells late that a dialog was closed: the next one may be open by then.
  const close = (what: Open) => setOpen((now) => (now === what ? undefined : now));
  const navigate = useNavigate();
  useKeys({ navigate: (to) => void navigate({ to }), palette: () => setOpen("palette"), help: () => setOpen("keys") });
  if (now.state === "signed-out") return <SignIn why={now.why} />;
  return (
    <>
      <a href="#main" className="skip">
        Skip to the page
      </a>
      <header className="phonetop">
        <Brand />
        <button type="button" className="ib" aria-label="Go to…" onClick={() => setOpen("palette")}>
          <Icon name="search" />
        </button>
        <ThemeButton />
      </header>
      <Side find={() => setOpen("palette")} keys={() => setOpen("keys")} />
      <div className="main">
        <div className="bar">
          <Crumbs />
          <Live />
          <ThemeButton />
        </div>
        <Notes />
        <Suspense>
          <Outlet />
        </Suspense>
      </div>
      <Tabbar more={() => setOpen("palette")} />
      <Suspense>
        {open === "palette" && <Palette pages={PAGES} acts={[{ icon: "key", name: "Keys", act: () => setOpen("keys") }, ...(leave === undefined ? [] : [leave])]} close={() => close("palette")} />}
        {open === "keys" && <Keys close={() => close("keys")} />}
      </Suspense>
    </>
  );
}

function Brand() {
  return (
    <Link to="/" className="brand" aria-label="Keyforge, overview" activeOptions={EXACT}>
      <Logo />
      Keyforge
    </Link>
  );
}

function ThemeButton() {
  const now = theme.use();
  return (
    <button type="button" className="ib" onClick={nextTheme} aria-label={`Theme: ${now}`} title={`Theme: ${now}`}>
      <Icon name="moon" />
    </button>
  );
}

function isOn(to: string, path: string) {
  return to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
}

function Side({ find, keys }: { find: () => void; keys: () => void }) {
  const { pathname, search } = useLocation();
  const { data } = useQuery(overview);
  const chosen = pathname === "/unions" ? search.state : undefined;
  return (
    <header className="side">
      <Brand />
      <button type="button" className="find" onClick={find}>
        <Icon name="search" />
        <span>Go to…</span>
        <kbd>⌘K</kbd>
      </button>
      <nav className="nav" aria-label="Pages">
        {PAGES.map(({ to, icon, name }) => (
          <Link key={to} to={to} title={name} activeOptions={EXACT} aria-current={isOn(to, pathname) && chosen === undefined ? "page" : undefined}>
            <Icon name={icon} />
            {name}
            {to === "/unions" && data !== undefined && <span className="n">{data.total.toLocaleString("en")}</span>}
          </Link>
        ))}
      </nav>
      {data !== undefined && data.total > 0 && (
        <div>
          <div className="cap">Unions by state, worst first</div>
          <nav className="nav" aria-label="Unions by state">
            {UNION_STATES.filter((state) => (data.countsByState[state] ?? 0) > 0).map((state) => (
              <Link key={state} to="/unions" search={{ state }} activeOptions={EXACT} className={`st ${UNION[state].tone}`} title={UNION[state].word} aria-current={chosen === state ? "page" : undefined}>
                <Icon name={UNION[state].icon} />
                <span className="s">{UNION[state].word}</span>
                <span className="n">{data.countsByState[state]?.toLocaleString("en")}</span>
              </Link>
            ))}
          </nav>
        </div>
      )}
      <Foot accepted={data?.revision ?? null} keys={keys} />
    </header>
  );
}

/** What is followed, and by which program. */
function Foot({ accepted, keys }: { accepted: string | null; keys: () => void }) {
  const { data } = useQuery(health);
  if (data === undefined) return null;
  return (
    <div className="foot">
      <You />
      {data.source !== null && data.source !== undefined && (
        <>
          <span className="s">
            <Icon name="branch" small /> {data.source.branch}
            {accepted !== null && (
              <>
                {" at "}
                <span className="mono">{short(accepted)}</span>
              </>
            )}
          </span>
          <span>
            looked at <Ago at={data.source.lookedAt} /> ago
          </span>
        </>
      )}
      <span>Keyforge {data.version}</span>
      <button type="button" className="leave" onClick={keys}>
        Keys
      </button>
    </div>
  );
}

function Tabbar({ more }: { more: () => void }) {
  const { pathname } = useLocation();
  return (
    <nav className="tabbar" aria-label="Pages">
      {PAGES.filter(({ to }) => to !== "/audit" && to !== "/deployments").map(({ to, icon, name }) => (
        <Link key={to} to={to} activeOptions={EXACT} aria-current={isOn(to, pathname) ? "page" : undefined}>
          <Icon name={icon} />
          {name}
        </Link>
      ))}
      <button type="button" onClick={more}>
        <Icon name="menu" />
        More
      </button>
    </nav>
  );
}
