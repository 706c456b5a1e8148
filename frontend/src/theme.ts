// Light, dark, or as the system has it; remembered in this browser.
import { store } from "./store";

export type Theme = "light" | "dark" | "system";

const ORDER: Theme[] = ["system", "light", "dark"];

const kept = localStorage.getItem("theme");
export const theme = store<Theme>(ORDER.find((known) => known === kept) ?? "system");

function show() {
  const now = theme.get();
  if (now === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = now;
}
show();

/** To the one that looks different, and back to the system's. */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(theme.get()) + 1) % ORDER.length] ?? "system";
  theme.set(next);
  localStorage.setItem("theme", next);
  show();
}
