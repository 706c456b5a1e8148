// The two days that somebody asks about, and that what is shown is of another day than this one.
import type { ReactNode } from "react";
import { Note } from "../ui/blocks";
import { day } from "../ui/time";
import { DayField } from "./filters";

export type Asked = { at?: string; vs?: string };

export function Days({ of: { at, vs }, today, choose, children }: { of: Asked; today: string; choose: (name: "at" | "vs", day: string | undefined) => void; children?: ReactNode }) {
  return (
    <div className="days">
      {children}
      <DayField label="At the end of" of={at} max={today} choose={(day) => choose("at", day)} />
      <DayField label="Compared with" of={vs} max={at ?? today} choose={(day) => choose("vs", day)} />
    </div>
  );
}

export const AsOf = ({ at, now }: { at: string; now: ReactNode }) => (
  <Note tone="attention" icon="clock" action={now}>
    <b>As of {day(at)}</b>, at its end (UTC). Who was to be let in or kept out by then was so a moment later, when the vault was brought there.
  </Note>
);
