import { describe, expect, it } from "vitest";
import { holdsLease } from "../../src/agreement/lease.ts";
import type { SyncAnswer, ViewDelta } from "../../src/agreement/protocol.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { abandonSync, beginSync, newView, takeAnswer, viewVersions } from "../../src/agreement/view-state.ts";

const VERSIONS = { overrides: 0, purges: 0, flags: 0, sessions: 0, origins: 0, base: "base", hub: "hub-1" };

function answerWith(delta: ViewDelta | null, versions: Partial<typeof VERSIONS> = {}): SyncAnswer {
  return {
    protocol: 1,
    delta,
    versions: { ...VERSIONS, ...versions },
    leaseMs: LEASE_MS,
    holdMs: 0,
    reportMs: 0,
    urgentMs: 0,
    shards: 1,
    traffic: { isolates: 1, retryRatio: {} },
  };
}

const FLAG = { key: "dark", version: 4, value: true };
const FOURTH = { flags: { from: 3, to: 4, entries: [FLAG] } };
const WHOLE = { flags: { from: null, to: 4, entries: [FLAG] } };

function setUp() {
  const view = newView("isolate", "weur", "base");
  const begin = () => {
    beginSync(view, null, 0);
    return view.call!;
  };
  return { view, begin };
}

describe("an isolate that is answered", () => {
  it("holds a lease once it has what the hub had", () => {
    const { view, begin } = setUp();
    expect(takeAnswer(view, begin(), answerWith(WHOLE, { flags: 4 }), 10)).toBe(WHOLE);
    expect(holdsLease(view.lease, 10)).toBe(true);
  });

  it("holds none as long as something is missing, and asks from where it is", () => {
    const { view, begin } = setUp();
    expect(takeAnswer(view, begin(), answerWith(FOURTH, { flags: 4 }), 10)).toBeNull();
    expect(holdsLease(view.lease, 10)).toBe(false);
    expect(viewVersions(view)).toMatchObject({ flags: 0 });
  });

  it("takes nothing of an answer that comes twice, or to a call it gave up", () => {
    const { view, begin } = setUp();
    const call = begin();
    abandonSync(view);
    expect(takeAnswer(view, call, answerWith(WHOLE, { flags: 4 }), 10)).toBeNull();
    expect(viewVersions(view)).toBeNull();
    expect(holdsLease(view.lease, 10)).toBe(false);
  });

  it("forgets the readings of another instance of the hub, whose numbers mean nothing now", () => {
    const { view, begin } = setUp();
    takeAnswer(view, begin(), answerWith({ origins: { from: null, to: 7, entries: [] } }, { origins: 7 }), 10);
    expect(viewVersions(view)).toMatchObject({ hub: "hub-1", origins: 7 });
    takeAnswer(view, begin(), answerWith(null, { hub: "hub-2" }), 20);
    expect(viewVersions(view)).toMatchObject({ hub: "hub-2", origins: 0 });
  });
});
