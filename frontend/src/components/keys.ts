// Keys, off in text fields: what a letter does is what pressing something on the page does.
import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useRef } from "react";
import { store } from "../store";
import { nextTheme } from "../theme";

/** Whether single letters do something: who speaks to a computer, or types beside a field, may not want it (WCAG 2.1.4). */
export const letters = store(localStorage.getItem("letters") !== "off");

export function setLetters(areOn: boolean) {
  letters.set(areOn);
  if (areOn) localStorage.removeItem("letters");
  else localStorage.setItem("letters", "off");
}

type Doing = { navigate: (to: string) => void; palette: () => void; help: () => void };

/** After `g`. */
const GO: Record<string, string> = { o: "/", u: "/unions", d: "/deployments", r: "/revisions", i: "/diagnostics", a: "/audit" };

/** How long `g` waits for the second letter. */
const PAUSE = 1_500;

export function useKeys(doing: Doing) {
  const now = useRef(doing);
  useEffect(() => {
    now.current = doing;
  });
  const up = useUp();
  useEffect(() => {
    let g = 0;
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        now.current.palette();
        return;
      }
      if (!letters.get() || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
      const to = Date.now() - g < PAUSE ? GO[event.key] : undefined;
      g = 0;
      if (to !== undefined) now.current.navigate(to);
      else if (event.key === "g") g = Date.now();
      else if (event.key === "?") now.current.help();
      else if (event.key === "t") nextTheme();
      else if (event.key === "u") up();
      else if (!onPage(event.key)) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [up]);
}

// oxlint-disable-next-line no-underscore-dangle -- so the router names the place of an entry among those of the browser
const entry = ({ state }: { state: { __TSR_index: number } }) => state.__TSR_index;

/** Up: back where that is where one came from, so that a list stands as it stood, with its filters; and whoever goes back, by whatever
    means, is at the row again that they left. */
function useUp() {
  const router = useRouter();
  const visited = useRef(new Map<number, string>());
  useEffect(
    () =>
      router.subscribe("onBeforeNavigate", ({ fromLocation, toLocation }) => {
        if (fromLocation === undefined) return;
        visited.current.set(entry(fromLocation), fromLocation.pathname);
        if (entry(toLocation) < entry(fromLocation) && toLocation.pathname !== fromLocation.pathname) returnTo(fromLocation.pathname);
      }),
    [router],
  );
  return useCallback(() => {
    const link = document.querySelector("[data-up]");
    if (!(link instanceof HTMLAnchorElement)) return;
    const before = visited.current.get(entry(router.state.location) - 1);
    if (before === link.pathname) router.history.back();
    else {
      returnTo(location.pathname);
      link.click();
    }
  }, [router]);
}

/** How long the row that was left is looked for, in milliseconds. */
const PATIENCE = 1_000;

/** What says that somebody has gone on. */
const GONE_ON = ["keydown", "pointerdown"] as const;

let end: (() => void) | undefined;

/** Whether somebody goes back to a row: then the focus is for that, not for the head of the page. */
export const isReturning = () => end !== undefined;

/** Gives the row that leads to this page the focus once it is there; if it does not come, the head of the page. */
function returnTo(page: string) {
  end?.();
  const looking = new MutationObserver(() => {
    if (!focus(document.querySelector(`[data-row] a[href="${page}"]`))) return;
    looking.disconnect();
    // The page that comes may still look for its head.
    setTimeout(stop);
  });
  const timer = setTimeout(() => {
    stop();
    if (document.activeElement === document.body) document.querySelector("h1")?.focus({ preventScroll: true });
  }, PATIENCE);
  const stop = () => {
    looking.disconnect();
    clearTimeout(timer);
    for (const one of GONE_ON) removeEventListener(one, stop, { capture: true });
    if (end === stop) end = undefined;
  };
  end = stop;
  // Not for the key that leads here.
  setTimeout(() => end === stop && GONE_ON.forEach((one) => addEventListener(one, stop, { capture: true })));
  looking.observe(document.body, { childList: true, subtree: true });
}

const isTyping = (target: EventTarget | null) => target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);

/** What is done with what stands on the page. Gives whether it was. */
function onPage(key: string): boolean {
  switch (key) {
    case "j":
      return toRow("[data-row]", 1);
    case "k":
      return toRow("[data-row]", -1);
    case "n":
      return toRow("[data-needs]", 1);
    case "p":
      return toRow("[data-needs]", -1);
    case "o":
      return press(document.activeElement?.closest("[data-row]")?.querySelector("a"));
    case "/":
      return focus(document.querySelector("[data-filter]"));
    case "End":
      return press(document.querySelector("[data-end]:enabled"));
    case "[":
      return toTab(-1);
    case "]":
      return toTab(1);
    case "f":
      return press(document.querySelector("[data-follow]"));
    case "c":
      return press(document.querySelector("main .cmd [data-copy]"));
    case "y":
      return copyId();
    default:
      return false;
  }
}

function toRow(which: string, step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll(which)];
  const here = document.activeElement?.closest("[data-row]") ?? null;
  const follows = (row: Element) => here !== null && (here.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const next = here === null ? rows[0] : step === 1 ? rows.find(follows) : rows.findLast((row) => row !== here && !follows(row));
  return focus(next?.querySelector("a"));
}

/** Of the row that has the focus, else of what the page is about. */
function copyId(): boolean {
  const row = document.activeElement?.closest("[data-id]");
  if (!(row instanceof HTMLElement) || row.dataset.id === undefined) return press(document.querySelector("main [data-copy=id]"));
  void navigator.clipboard?.writeText(row.dataset.id);
  return true;
}

function toTab(step: 1 | -1): boolean {
  const tabs = [...document.querySelectorAll(".tabs a")];
  const here = tabs.findIndex((tab) => tab.hasAttribute("aria-current"));
  return here !== -1 && press(tabs[here + step]);
}

function press(what: Element | null | undefined): boolean {
  if (!(what instanceof HTMLElement)) return false;
  what.click();
  return true;
}

function focus(what: Element | null | undefined): boolean {
  if (!(what instanceof HTMLElement)) return false;
  what.focus();
  what.scrollIntoView({ block: "nearest" });
  return true;
}
