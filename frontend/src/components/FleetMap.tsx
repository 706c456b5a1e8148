// One mark for each union in order of name, so that places stay put: one, many, or all of one kind? The lists have the same facts.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState, type PointerEvent } from "react";
import type { Schemas } from "../api/client";
import { map, mapNames, MAP_PAGE } from "../api/queries";
import { theme } from "../theme";
import { UNION, UNION_STATES, needsPerson, type Tone } from "./words";

type State = Schemas["UnionState"];

/** As the API writes a state in one letter. */
const LETTER: Record<string, State> = { t: "tombstone", s: "suspended", f: "failed", h: "held", a: "awaiting-approval", i: "in-progress", c: "current" };

/** From mark to mark, in pixels: the largest with which all marks fit. */
const PITCHES = [24, 20, 16, 12, 10, 8, 6, 5, 4];
const HIGHEST = 168;

/** How marks are laid out in a width. */
export function layout(total: number, width: number): { pitch: number; columns: number; rows: number } {
  const fit = (pitch: number) => {
    const columns = Math.max(1, Math.floor(width / pitch));
    return { pitch, columns, rows: Math.ceil(total / columns) };
  };
  const fits = PITCHES.map(fit);
  return fits.find(({ pitch, rows }) => rows * pitch <= HIGHEST) ?? fit(4);
}

/** Which mark is at a place, if any. */
function markAt({ pitch, columns }: ReturnType<typeof layout>, total: number, { x, y }: { x: number; y: number }): number | undefined {
  const column = Math.floor(x / pitch);
  const at = Math.floor(y / pitch) * columns + column;
  return column < columns && at < total ? at : undefined;
}

/** One that is not known, since the daemon is newer than the page, is told as that. */
const look = (state: State | undefined): { tone: Tone; word: string } => (state === undefined ? { tone: "rest", word: "Unknown" } : UNION[state]);

const TONES = ["good", "going", "attention", "bad", "rest", "surface"] as const;

/** The colours as this theme has them: a canvas knows no variables. */
function colours(canvas: HTMLElement): Record<Tone | "surface", string> {
  const of = (name: string) => getComputedStyle(canvas.parentElement?.querySelector(`.probe.${name}`) ?? canvas).color;
  const [good, going, attention, bad, rest, surface] = TONES.map(of);
  return { good: good ?? "", going: going ?? "", attention: attention ?? "", bad: bad ?? "", rest: rest ?? "", surface: surface ?? "" };
}

function draw(canvas: HTMLCanvasElement, states: string, width: number) {
  const { pitch, columns, rows } = layout(states.length, width);
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = rows * pitch * scale;
  const brush = canvas.getContext("2d");
  if (brush === null) return;
  brush.scale(scale, scale);
  const colour = colours(canvas);
  const gap = pitch > 8 ? 2 : 1;
  const large: [number, State][] = [];
  for (let at = 0; at < states.length; at += 1) {
    const state = LETTER[states.charAt(at)];
    if (state !== undefined && needsPerson(state)) large.push([at, state]);
    brush.globalAlpha = state === "current" ? 0.35 : 1;
    brush.fillStyle = colour[look(state).tone];
    brush.fillRect((at % columns) * pitch, Math.floor(at / columns) * pitch, pitch - gap, pitch - gap);
  }
  // Those that need a person stand out: larger, with a rim of the ground, and a sign.
  brush.globalAlpha = 1;
  for (const [at, state] of large) {
    const size = Math.max(9, pitch - gap);
    const [x, y] = [(at % columns) * pitch + (pitch - gap - size) / 2, Math.floor(at / columns) * pitch + (pitch - gap - size) / 2];
    const left = Math.min(Math.max(x, 1), width - size - 1);
    const top = Math.min(Math.max(y, 1), rows * pitch - size - 1);
    brush.fillStyle = colour.surface;
    brush.fillRect(left - 1.5, top - 1.5, size + 3, size + 3);
    brush.fillStyle = colour[UNION[state].tone];
    brush.fillRect(left, top, size, size);
    sign(brush, state, left + size / 2, top + size / 2, size / 4, colour.surface);
  }
}

function sign(brush: CanvasRenderingContext2D, state: State, x: number, y: number, r: number, colour: string) {
  brush.strokeStyle = colour;
  brush.fillStyle = colour;
  brush.lineWidth = Math.max(1.25, r / 2);
  brush.beginPath();
  if (state === "failed") {
    brush.moveTo(x - r, y - r);
    brush.lineTo(x + r, y + r);
    brush.moveTo(x + r, y - r);
    brush.lineTo(x - r, y + r);
  } else if (state === "held") {
    brush.moveTo(x - r / 1.5, y - r);
    brush.lineTo(x - r / 1.5, y + r);
    brush.moveTo(x + r / 1.5, y - r);
    brush.lineTo(x + r / 1.5, y + r);
  } else {
    brush.arc(x, y, r / 1.5, 0, 2 * Math.PI);
    brush.fill();
    return;
  }
  brush.stroke();
}

/** Follows the width of its place, and the theme. */
function useDrawn(states: string) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const now = theme.use();
  const [isDark, setIsDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const place = canvas.current?.parentElement;
    if (place === null || place === undefined) return;
    const seen = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    seen.observe(place);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const turned = () => setIsDark(dark.matches);
    dark.addEventListener("change", turned);
    return () => {
      seen.disconnect();
      dark.removeEventListener("change", turned);
    };
  }, []);
  useEffect(() => {
    if (canvas.current !== null && width > 0 && states !== "") draw(canvas.current, states, width);
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- other colours are a reason to draw anew
  }, [states, width, now, isDark]);
  return { canvas, width };
}

/** Where it is, in pixels of the map; a finger that reads does not open. */
type Pointer = { x: number; y: number; isReading: boolean };

export function FleetMap({ counts, total }: { counts: Schemas["Overview"]["countsByState"]; total: number }) {
  const { data } = useQuery(map);
  const states = data?.states ?? "";
  const { canvas, width } = useDrawn(states);
  const [pointer, setPointer] = useState<Pointer>();
  // Its room is there before the letters.
  const laid = layout(states === "" ? total : states.length, width);
  // Reckoned anew with the letters: what is under a pointer that rests may come or change.
  const at = pointer === undefined ? undefined : markAt(laid, states.length, pointer);
  const page = Math.floor((at ?? 0) / MAP_PAGE);
  const names = useQuery({ ...mapNames(page + 1, data?.version ?? ""), enabled: at !== undefined && data !== undefined });
  const navigate = useNavigate();
  // Names of another version stand elsewhere.
  const name = at === undefined || names.data?.version !== data?.version ? undefined : names.data?.names[at - page * MAP_PAGE];
  const { tone, word } = look(at === undefined ? undefined : LETTER[states.charAt(at)]);
  const point = ({ nativeEvent: { offsetX, offsetY, pointerType, type } }: PointerEvent) => {
    const place = { x: offsetX, y: offsetY };
    const isFinger = pointerType === "touch";
    // A finger reads by its first tap on a mark, and opens by the second.
    if (type === "pointerdown" || !isFinger) setPointer({ ...place, isReading: isFinger && markAt(laid, states.length, place) !== at });
  };
  const said = UNION_STATES.filter((one) => (counts[one] ?? 0) > 0).map((one) => `${counts[one]?.toLocaleString("en")} ${UNION[one].word.toLowerCase()}`);
  return (
    <figure className="map">
      {TONES.map((tone) => (
        <span key={tone} className={`probe ${tone}`} hidden />
      ))}
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${total.toLocaleString("en")} unions in order of name, one mark each: ${said.join(", ")}. The lists have the same facts.`}
        style={{ height: width > 0 ? laid.rows * laid.pitch : undefined }}
        data-drawn={states !== "" && width > 0 ? "" : undefined}
        onPointerDown={point}
        onPointerMove={point}
        onPointerLeave={({ pointerType }) => pointerType !== "touch" && setPointer(undefined)}
        onClick={() => pointer?.isReading === false && name !== undefined && void navigate({ to: "/unions/$union", params: { union: name } })}
      />
      {pointer !== undefined && at !== undefined && (
        <div className="tip" style={{ left: Math.min(pointer.x, width - 180), top: Math.min(pointer.y + 14, laid.rows * laid.pitch + 4) }}>
          <b>{name ?? "…"}</b> <span className={tone}>{word.toLowerCase()}</span>
        </div>
      )}
      <figcaption className="hs">one mark is one union, in order of name; point to read, press to open</figcaption>
    </figure>
  );
}
