import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
const tokens = new Map([...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [name, [light, dark]]));

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string, theme: 0 | 1): number {
  const [a = 0, b = 0] = [one, other].map((name) => luminance(tokens.get(name)?.[theme] ?? "")).toSorted((a, b) => b - a);
  return (a + 0.05) / (b + 0.05);
}

const STATES = ["good", "active", "attention", "bad", "rest"];
const PAIRS = [
  ...["ink", "ink-2", "ink-3"].flatMap((text) => ["canvas", "surface", "sunken", "hover", "chosen", "here", ...STATES.map((state) => `${state}-t`)].map((on) => [text, on, 4.5] as const)),
  ...STATES.flatMap((state) => [[state, "surface", 4.5] as const, [state, "canvas", 4.5] as const, [state, `${state}-t`, 4.5] as const, [`${state}-m`, "surface", 3] as const]),
];

test.each(["light", "dark"] as const)("every word and every mark can be read in the %s theme", (theme) => {
  const poor = PAIRS.map(([one, other, least]) => ({ one, other, least, is: contrast(one, other, theme === "light" ? 0 : 1) })).filter(({ is, least }) => !(is >= least));
  expect(poor).toEqual([]);
});
