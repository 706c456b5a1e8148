import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { csv, rights } from "./access";

const READERS: Schemas["Readers"] = {
  union: "acme",
  society: "chess",
  revision: "main@sha1:4be19c7",
  listedSince: "2026-03-01T00:00:00Z",
  at: null,
  collections: { bank: [], matches: [] },
  changes: null,
  items: [
    { email: "ola@acme.example", role: "owner", collections: null, until: null },
    { email: "kit@acme.example", role: "member", collections: { matches: "read" }, until: "2026-06-30" },
  ],
};

const told = (readers: Schemas["Readers"]) => rights(readers).map(({ email, collection, right, before }) => `${email} ${collection}: ${before ?? "nothing"} → ${right ?? "nothing"}`);

test("each person has a row for each collection, and who manages all has all", () => {
  expect(told(READERS)).toEqual(["kit@acme.example matches: read → read", "ola@acme.example bank: manage → manage", "ola@acme.example matches: manage → manage"]);
});

test("who managed all before, who went, and a collection that went are told as they were", () => {
  const changes: Schemas["ReaderChange"][] = [
    { email: "kit@acme.example", collection: null, from: "manage", to: null },
    { email: "kit@acme.example", collection: "matches", from: null, to: "read" },
    { email: "max@acme.example", collection: "old", from: "write", to: null },
    { email: "ola@acme.example", collection: null, from: null, to: "manage" },
    { email: "ola@acme.example", collection: "bank", from: "read", to: null },
  ];
  expect(told({ ...READERS, changes })).toEqual([
    "kit@acme.example bank: manage → nothing",
    "kit@acme.example matches: manage → read",
    "max@acme.example old: write → nothing",
    "ola@acme.example bank: read → manage",
    "ola@acme.example matches: nothing → manage",
  ]);
});

test("a file for a spreadsheet holds no formula, and quotes what would part it", () => {
  expect(csv([["member", "note"], ["=cmd|'/c calc'!A0", 'said "no", twice'], ["-1", "plain"]])).toBe(`member,note\r\n'=cmd|'/c calc'!A0,"said ""no"", twice"\r\n'-1,plain\r\n`);
});
