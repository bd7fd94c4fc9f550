import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/rate-limit/ledger.ts";
import type { TakeRequest } from "../../src/rate-limit/messages.ts";
import type { Rule } from "../../src/rate-limit/meter.ts";

const T0 = 1_700_000_000_000;
const RULE: Rule = { algorithm: "sliding-window", limit: 100, windowMs: 60_000, burst: 100 };
/** A slice's lease: a tenth of the window. */
const LEASE_MS = 6_000;

const asking = (over: Partial<TakeRequest> = {}): TakeRequest => ({
  id: "take",
  rule: RULE,
  mode: "leased",
  units: 40,
  waiting: 40,
  perSecond: 0,
  done: [],
  ...over,
});

/** A key of which one isolate has been lent forty of a hundred units. */
function lent() {
  const ledger = Ledger.create(RULE);
  const { answer, store } = ledger.take(asking(), T0);
  const [slice] = answer.slices;
  const left = (nowMs: number) => ledger.take(asking({ mode: "exact", units: 101 }), nowMs).answer.remaining;
  return { ledger, id: slice!.id, store, left };
}

describe("a slice that is lent", () => {
  it("is charged, and stored before it is given", () => {
    const { id, store, left } = lent();
    expect(store!.slices).toEqual([[id, 40, T0 + LEASE_MS]]);
    expect(left(T0)).toBe(60);
  });

  it("comes back once, however often that is said, and never as more than it was", () => {
    const { ledger, id, left } = lent();
    ledger.giveBack([{ id, unspent: 1_000 }], [], T0 + 1);
    expect(left(T0 + 1)).toBe(100);
    ledger.take(asking({ id: "other" }), T0 + 2);
    ledger.giveBack([{ id, unspent: 40 }], [], T0 + 3);
    expect(left(T0 + 3)).toBe(60);
  });

  it("does not come back after its lease: it is charged as spent, for a window more", () => {
    const { ledger, id, left } = lent();
    ledger.giveBack([{ id, unspent: 40 }], [], T0 + LEASE_MS);
    expect(left(T0 + LEASE_MS)).toBe(60);
    expect(left(T0 + RULE.windowMs)).toBe(60);
    expect(left(T0 + RULE.windowMs + 2 * LEASE_MS)).toBe(100);
  });

  it("stays charged when the key is forgiven: its isolate may still spend it", () => {
    const { ledger, left } = lent();
    ledger.take(asking({ mode: "exact", units: 50 }), T0);
    expect(ledger.reset(T0 + 1).slices).toHaveLength(1);
    expect(left(T0 + 1)).toBe(60);
  });

  it("is charged in what is read back from storage", () => {
    const ledger = Ledger.restore(lent().store!, T0 + 1);
    expect(ledger.take(asking({ units: 61 }), T0 + 1).answer.granted).toBe(false);
    expect(ledger.take(asking({ units: 60 }), T0 + 1).answer.granted).toBe(true);
  });
});

describe("an exact take", () => {
  it("is refunded once, by its id", () => {
    const { ledger, left } = lent();
    ledger.take(asking({ id: "exact", mode: "exact", units: 10 }), T0);
    expect(left(T0)).toBe(50);
    ledger.giveBack([], ["exact", "exact", "never taken"], T0 + 1);
    ledger.giveBack([], ["exact"], T0 + 2);
    expect(left(T0 + 2)).toBe(60);
  });
});
