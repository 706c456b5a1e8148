import { expect, test } from "vitest";
import { inOrder } from "./held";

const shown = (newest: string, held: string | undefined) => {
  const told = inOrder([...newest], held === undefined ? undefined : [...held], (name) => name);
  return `${told.shown.join("")} ${told.moved}`;
};

test("rows stay where they are under the pointer, and those that moved are counted, not those that they pass", () => {
  expect([shown("cab", undefined), shown("abc", "abc"), shown("dabc", "abcd"), shown("bac", "abc")]).toEqual(["cab 0", "abc 0", "abcd 1", "abc 1"]);
});

test("who came is told and waits, and who went stays until it is let go", () => {
  expect([shown("dabc", "abc"), shown("ac", "abc"), shown("adc", "abc")]).toEqual(["abc 1", "abc 1", "abc 1"]);
});

test("a page that follows is shown at once", () => {
  expect([shown("abcdef", "abc"), shown("bacdef", "abc"), shown("", "")]).toEqual(["abcdef 0", "abcdef 1", " 0"]);
});
