import { expect, test, vi } from "vitest";

vi.useFakeTimers();
const { age, duration } = await import("./time");

test("an age has one unit, a duration two where it is short", () => {
  expect([0, 46_000, 106_000, 5 * 3_600_000, 80 * 3_600_000].map(age)).toEqual(["0 s", "46 s", "1 min", "5 h", "3 d"]);
  expect([200, 46_000, 106_000, 120_000, 5 * 3_600_000].map(duration)).toEqual(["0.2 s", "46 s", "1 min 46 s", "2 min", "5 h"]);
  expect(age(-5_000)).toBe("0 s");
});
