import { describe, expect, it } from "vitest";
import { endLease, holdsLease, noLease, sendCall, takeLease, timeIsUp } from "../../src/agreement/lease.ts";

describe("a lease", () => {
  it("counts from sending, not from the answer", () => {
    const lease = noLease();
    const call = sendCall(lease, 1_000);
    takeLease(lease, call, 5_000, 3_000);
    expect(holdsLease(lease, 5_999)).toBe(true);
    expect(holdsLease(lease, 6_000)).toBe(false);
  });

  it("does not come with a call that was not answered, nor with an answer that grants none", () => {
    const lease = noLease();
    const call = sendCall(lease, 1_000);
    expect(holdsLease(lease, 1_001)).toBe(false);
    takeLease(lease, call, 0, 1_002);
    expect(holdsLease(lease, 1_003)).toBe(false);
  });

  it("is not shortened by the late answer of an earlier call", () => {
    const lease = noLease();
    const first = sendCall(lease, 1_000);
    const second = sendCall(lease, 3_000);
    takeLease(lease, second, 5_000, 3_100);
    takeLease(lease, first, 5_000, 3_200);
    expect(holdsLease(lease, 7_999)).toBe(true);
  });

  it("ends when the clock steps back, and calls sent before the step grant none", () => {
    const lease = noLease();
    takeLease(lease, sendCall(lease, 10_000), 5_000, 10_100);
    const before = sendCall(lease, 11_000);
    expect(holdsLease(lease, 10_500)).toBe(false);
    takeLease(lease, before, 5_000, 10_600);
    expect(holdsLease(lease, 10_700)).toBe(false);
    takeLease(lease, sendCall(lease, 10_800), 5_000, 10_900);
    expect(holdsLease(lease, 10_900)).toBe(true);
  });

  it("ends with its timer when the clock stepped back unseen", () => {
    const lease = noLease();
    const call = sendCall(lease, 10_000);
    takeLease(lease, call, 5_000, 10_100);
    timeIsUp(lease, call);
    expect(holdsLease(lease, 10_200)).toBe(false);
    takeLease(lease, call, 5_000, 10_300);
    expect(holdsLease(lease, 10_300)).toBe(false);
  });

  it("outlives the timer of an earlier call", () => {
    const lease = noLease();
    const first = sendCall(lease, 1_000);
    takeLease(lease, first, 5_000, 1_100);
    takeLease(lease, sendCall(lease, 3_000), 5_000, 3_100);
    timeIsUp(lease, first);
    expect(holdsLease(lease, 6_500)).toBe(true);
    endLease(lease);
    expect(holdsLease(lease, 6_500)).toBe(false);
  });
});
