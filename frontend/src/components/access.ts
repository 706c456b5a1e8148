// Who could read what on a day, as rows of a person, a collection and a right; and as a file for a spreadsheet.
import type { Schemas } from "../api/client";

/** `undefined`: nothing. Without another day `before` is the same. */
export type Right = { society: string; email: string; role: string; collection: string; right: string | undefined; before: string | undefined; until: string; revision: string };

/** One for each collection that somebody could read on either day. */
export function rights({ society, revision, items, collections, changes }: Schemas["Readers"]): Right[] {
  const there = Object.keys(collections);
  const people = new Map(items.map((one) => [one.email, one]));
  const moved = changes ?? [];
  return [...new Set([...people.keys(), ...moved.map((one) => one.email)])].toSorted().flatMap((email) => {
    const person = people.get(email);
    const own = moved.filter((one) => one.email === email);
    // A change that names no collection is of all that there are.
    const ofAll = own.find((one) => one.collection === null);
    const seen = new Set([...there, ...own.flatMap((one) => one.collection ?? [])]);
    return [...seen].toSorted().flatMap((collection) => {
      const right = person?.collections === null ? (there.includes(collection) ? "manage" : undefined) : person?.collections[collection];
      const change = own.find((one) => one.collection === collection);
      const before = ofAll?.from ?? (change === undefined && ofAll === undefined ? right : (change?.from ?? undefined));
      if (right === undefined && before === undefined) return [];
      return [{ society, email, role: person?.role ?? "", collection, right, before, until: person?.until ?? "", revision }];
    });
  });
}

/** What a spreadsheet would take for a formula is kept a text: addresses and names come from pull requests. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A head and rows, as RFC 4180 writes them. */
export const csv = (rows: string[][]) => rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
