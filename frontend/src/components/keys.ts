// Keys, off in text fields: what a letter does is what pressing something on the page does.
import { useEffect, useRef } from "react";
import { nextTheme } from "../theme";

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
  useEffect(() => {
    let g = 0;
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        now.current.palette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
      const to = Date.now() - g < PAUSE ? GO[event.key] : undefined;
      g = 0;
      if (to !== undefined) now.current.navigate(to);
      else if (event.key === "g") g = Date.now();
      else if (event.key === "?") now.current.help();
      else if (event.key === "t") nextTheme();
      else if (!onPage(event.key)) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
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
    case "u":
      return press(document.querySelector("[data-up]"));
    case "/":
      return focus(document.querySelector("[data-filter]"));
    case "[":
      return toTab(-1);
    case "]":
      return toTab(1);
    case "c":
    case "y":
      return press(document.querySelector("main [data-copy]"));
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
