import { expect, it } from "vitest";
import { emptyBulkhead, enter, leave, queue } from "../../src/resilience/concurrency.ts";

it("lets in so many and no more, until one leaves", () => {
  const bulkhead = emptyBulkhead();
  expect([enter(bulkhead, 2), enter(bulkhead, 2), enter(bulkhead, 2)]).toEqual([true, true, false]);
  leave(bulkhead);
  expect(enter(bulkhead, 2)).toBe(true);
});

it("wakes whoever has waited longest, once a place", () => {
  const bulkhead = emptyBulkhead();
  enter(bulkhead, 1);
  const woken: string[] = [];
  queue(bulkhead, 2, () => woken.push("first"));
  queue(bulkhead, 2, () => woken.push("second"));
  expect(queue(bulkhead, 2, () => woken.push("third"))).toBeNull();
  leave(bulkhead);
  expect(woken).toEqual(["first"]);
});

it("does not lose a place to somebody who never comes back", () => {
  const bulkhead = emptyBulkhead();
  enter(bulkhead, 1);
  queue(bulkhead, 1, () => undefined);
  leave(bulkhead);
  expect(enter(bulkhead, 1)).toBe(true);
});

it("lets who waits give up", () => {
  const bulkhead = emptyBulkhead();
  enter(bulkhead, 1);
  const woken: string[] = [];
  const withdraw = queue(bulkhead, 2, () => woken.push("gone"));
  queue(bulkhead, 2, () => woken.push("patient"));
  withdraw!();
  leave(bulkhead);
  expect(woken).toEqual(["patient"]);
});
