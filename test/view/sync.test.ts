import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HubForIsolates, Report, SyncAnswer, SyncRequest, ViewDelta } from "../../src/agreement/protocol.ts";
import { HOLD_MS, LEASE_MS } from "../../src/agreement/timing.ts";
import { newView } from "../../src/agreement/view-state.ts";
import { noSyncs } from "../../src/telemetry/sync-counters.ts";
import { ReportBook } from "../../src/view/report.ts";
import { RegionSync } from "../../src/view/sync.ts";

/** A hub that answers when it is told to. */
class ScriptedHub implements HubForIsolates {
  readonly requests: SyncRequest[] = [];
  readonly reports: Report[] = [];
  readonly #waiting: PromiseWithResolvers<SyncAnswer>[] = [];

  sync(request: SyncRequest): Promise<SyncAnswer> {
    this.requests.push(request);
    const call = Promise.withResolvers<SyncAnswer>();
    this.#waiting.push(call);
    return call.promise;
  }

  report(report: Report): Promise<void> {
    this.reports.push(report);
    return Promise.resolve();
  }

  takePermit(): Promise<null> {
    return Promise.resolve(null);
  }

  async answer(delta: ViewDelta | null = null, purges = 0, leaseMs = LEASE_MS): Promise<void> {
    this.#waiting.shift()!.resolve({
      protocol: 1,
      delta,
      versions: { base: "base", hub: "hub", overrides: 0, purges, flags: 0, sessions: 0, origins: 0 },
      leaseMs,
      holdMs: HOLD_MS,
      reportMs: HOLD_MS,
      urgentMs: 100,
      shards: 1,
      traffic: { isolates: 1, retryRatio: {} },
    });
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(error: unknown): Promise<void> {
    this.#waiting.shift()!.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const PURGE: ViewDelta = { purges: { from: null, to: 1, entries: [] } };

let hub: ScriptedHub;
let sync: RegionSync;
let report: ReportBook;
let applied: ViewDelta[];
const counters = noSyncs();
const carried: Promise<unknown>[] = [];
const carrier = { waitUntil: (promise: Promise<unknown>) => void carried.push(promise) };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  hub = new ScriptedHub();
  applied = [];
  report = new ReportBook("isolate", () => 0, Date.now());
  Object.assign(counters, noSyncs());
  sync = new RegionSync({
    state: newView("isolate", "weur", "base"),
    report,
    hubNamed: () => hub,
    apply: (delta) => void applied.push(delta),
    everyRequest: () => undefined,
    counters,
    clock: Date.now,
    random: () => 0.5,
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the sync of a view", () => {
  it("keeps one call open, whatever number of requests there is", async () => {
    for (let i = 0; i < 100; i++) sync.keep(carrier);
    expect(hub.requests).toHaveLength(1);
    sync.keep(carrier);
    await hub.answer();
    expect(hub.requests).toHaveLength(2);
    expect(hub.requests[1]).toMatchObject({ lease: true, have: { hub: "hub" } });
  });

  it("rests when there was no request since the last call, and goes on with the next", async () => {
    sync.keep(carrier);
    await hub.answer();
    expect(hub.requests).toHaveLength(1);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(2);
  });

  it("tells what the last requests taught although nobody comes after them, and rests then", async () => {
    sync.keep(carrier);
    report.count("shop", "cache.hit");
    await hub.answer();
    expect(hub.requests).toHaveLength(2);
    expect(hub.requests[1]?.report?.services["shop"]?.counters).toEqual({ "cache.hit": 1 });
    await hub.answer();
    expect(hub.requests).toHaveLength(2);
  });

  it("tells the hub that a change has arrived, traffic or not", async () => {
    sync.keep(carrier);
    await hub.answer(PURGE, 1);
    expect(applied).toEqual([PURGE]);
    expect(hub.requests).toHaveLength(2);
    expect(hub.requests[1]?.have?.purges).toBe(1);
  });

  it("holds a lease from an answer on, for the rest of five seconds from sending", async () => {
    sync.keep(carrier);
    expect(sync.holdsLease()).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    await hub.answer();
    expect(sync.holdsLease()).toBe(true);
    await vi.advanceTimersByTimeAsync(LEASE_MS - 1_001);
    expect(sync.holdsLease()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(sync.holdsLease()).toBe(false);
  });

  it("loses the lease when the clock steps back, even unseen", async () => {
    sync.keep(carrier);
    await hub.answer();
    await vi.advanceTimersByTimeAsync(4_000);
    vi.setSystemTime(Date.now() - 3_500);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(sync.holdsLease()).toBe(false);
  });

  it("begins anew when the request that carried the call was cancelled", async () => {
    sync.keep({ waitUntil: () => undefined });
    await vi.advanceTimersByTimeAsync(1_000);
    // The runtime drops everything that belonged to the request: its timers and its call.
    vi.clearAllTimers();
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(1);
    vi.setSystemTime(Date.now() + 4_000);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(2);
    expect(counters.deadLoops).toBe(1);
  });

  it("hands the call over to another request before the platform's 30 s", async () => {
    sync.keep(carrier);
    const carriers = carried.length;
    for (let i = 0; i < 11; i++) {
      sync.keep(carrier);
      await vi.advanceTimersByTimeAsync(HOLD_MS);
      await hub.answer();
    }
    const calls = hub.requests.length;
    expect(carried.length).toBe(carriers);
    sync.keep(carrier);
    expect(carried.length).toBe(carriers + 1);
    expect(hub.requests).toHaveLength(calls + 1);
  });

  it("pauses after a failure, longer each time, and keeps the last view", async () => {
    sync.keep(carrier);
    await hub.answer(PURGE, 1);
    await hub.fail(new Error("Network connection lost."));
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(2);
    expect(sync.syncedAtMs).toBe(1_000_000);
    await vi.advanceTimersByTimeAsync(200);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(3);
    await hub.fail(new Error("Network connection lost."));
    await vi.advanceTimersByTimeAsync(200);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(200);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(4);
    expect(counters.failures).toBe(2);
  });

  it("leaves an overloaded hub alone for seconds", async () => {
    sync.keep(carrier);
    await hub.fail(Object.assign(new Error("Durable Object is overloaded."), { overloaded: true }));
    await vi.advanceTimersByTimeAsync(1_900);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(2);
    expect(counters.overloaded).toBe(1);
  });

  it("does not ask a hub without the ControlPlane again and again", async () => {
    sync.keep(carrier);
    sync.keep(carrier);
    await hub.answer(null, 0, 0);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(1);
    expect(sync.holdsLease()).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    sync.keep(carrier);
    expect(hub.requests).toHaveLength(2);
  });

  it("lets a cold isolate wait for its first sync once, 300 ms at most", async () => {
    sync.keep(carrier);
    const done: string[] = [];
    void sync.firstSync()!.then(() => done.push("first"));
    await vi.advanceTimersByTimeAsync(200);
    void sync.firstSync()!.then(() => done.push("second"));
    await vi.advanceTimersByTimeAsync(99);
    expect(done).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toEqual(["first", "second"]);
    expect(sync.firstSync()).toBeNull();
  });

  it("lets nobody wait longer than the first answer takes", async () => {
    sync.keep(carrier);
    let isOver = false;
    void sync.firstSync()!.then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(20);
    await hub.answer();
    expect(isOver).toBe(true);
    expect(sync.firstSync()).toBeNull();
  });

  it("reports a failure at once, and many of them at most once in 100 ms", async () => {
    for (let i = 0; i < 50; i++) {
      report.attempt("euw1", "connection", 1, false);
      sync.urgent(carrier);
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(hub.reports).toHaveLength(1);
    expect(hub.reports[0]?.origins["euw1"]).toMatchObject({ failures: 1, connectionFailures: 1, failureRun: 1 });
    await vi.advanceTimersByTimeAsync(99);
    expect(hub.reports).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(hub.reports).toHaveLength(2);
    expect(hub.reports[1]?.origins["euw1"]).toMatchObject({ failures: 49, failureRun: 50 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(hub.reports).toHaveLength(2);
  });

  it("sends a report again that was not answered, under the same sequence", async () => {
    report.attempt("euw1", "success", 12, false);
    sync.keep(carrier);
    await hub.fail(new Error("lost"));
    report.attempt("euw1", "success", 20, false);
    await vi.advanceTimersByTimeAsync(1_000);
    sync.keep(carrier);
    sync.keep(carrier);
    await hub.answer();
    expect(hub.requests[1]?.report).toEqual({ ...hub.requests[0]?.report, ageMs: 1_000 });
    expect(hub.requests[2]?.report).toMatchObject({ sequence: 1, origins: { euw1: { successes: 1 } } });
  });
});
