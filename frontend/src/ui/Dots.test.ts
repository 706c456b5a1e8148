import { expect, test, vi } from "vitest";

vi.useFakeTimers();
const { within } = await import("./Dots");

test("half and 95 % are durations that were taken, not between them", () => {
  const took = [400, 100, 300, 200, 9_000];
  expect([within(took, 0.5), within(took, 0.95), within(took, 0)]).toEqual([300, 9_000, 100]);
  expect(within([], 0.5)).toBe(0);
});
