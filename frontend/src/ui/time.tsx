// Moments and durations, as people say them. One clock for all of a page.
import { store } from "../store";

const clock = store(Date.now());
setInterval(() => {
  if (!document.hidden) clock.set(Date.now());
}, 1_000);

/** Now, for what counts along. */
export const useNow = () => clock.use();

/** Two units at most where it is short, one where it is long: 46 s, 1 min 46 s, 5 h, 3 d. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) {
    const rest = Math.floor(seconds % 60);
    return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
  }
  return age(milliseconds);
}

/** One unit: 46 s, 1 min, 5 h, 3 d. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const exactly = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" });
const hours = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC" });

const days = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** 12 March 2026, of 2026-03-12. */
export const day = (date: string) => days.format(new Date(date));

/** The day that it is, UTC. */
export const useToday = () => new Date(useNow()).toISOString().slice(0, 10);

/** 12 March 2026 at 09:15:48 UTC. */
export const exact = (moment: string | number) => `${exactly.format(new Date(moment))} UTC`;

/** How long ago; the moment itself on hover. */
export function Ago({ at, suffix = "" }: { at: string; suffix?: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={exact(at)}>
      {age(now - Date.parse(at))}
      {suffix}
    </time>
  );
}

/** The time of day, in UTC. */
export function Clock({ at, millis = false }: { at: string; millis?: boolean }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={exact(at)}>
      {hours.format(date)}
      {millis && `.${String(date.getUTCMilliseconds()).padStart(3, "0")}`}
    </time>
  );
}
