import { expect, test } from "vitest";
import { inOrder } from "./held";

const shown = (newest: string, order: string | undefined) => inOrder([...newest], order === undefined ? undefined : [...order], (name) => name);

test("rows stay where they are under the pointer, and those that moved are counted", () => {
  expect(shown("cab", undefined)).toEqual({ shown: ["c", "a", "b"], moved: 0 });
  expect(shown("abc", "abc")).toEqual({ shown: ["a", "b", "c"], moved: 0 });
  expect(shown("bac", "abc")).toEqual({ shown: ["a", "b", "c"], moved: 2 });
});

test("who came is told and waits; who went leaves no gap that counts", () => {
  expect(shown("dabc", "abc")).toEqual({ shown: ["a", "b", "c"], moved: 1 });
  expect(shown("ac", "abc")).toEqual({ shown: ["a", "c"], moved: 0 });
});
