// A crowd of isolates that comes within half a minute, while everything changes and every attempt fails.
import { describe, expect, it } from "vitest";
import { hubFor, ISOLATES_PER_HUB, paceFor, releaseDelayMs, shardsFor } from "../../src/agreement/sharding.ts";
import { CONTACT_CROWDED_MS, CONTACT_EVERY_MS } from "../../src/agreement/timing.ts";

const STEP_MS = 25;
const COMES_OVER_MS = 30_000;

/** Releases come in bursts, so calls are counted over so long. */
const OVER_SECONDS = 5;

interface Isolate {
  readonly name: string;
  hub: Hub;
  shards: number;
  syncedMs: number;
  urgentMs: number;
}

class Hub {
  readonly isolates = new Set<Isolate>();
  releasedMs = -Infinity;
  /** When the release that is under way comes; Infinity: none is. */
  releaseMs = Infinity;
  contactedMs = -Infinity;
  /** Calls in each second since the start. */
  readonly calls: number[] = [];

  count(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    this.calls[second] = (this.calls[second] ?? 0) + 1;
  }
}

/**
 * Plays `count` isolates with traffic; each makes the next call when it is answered.
 *
 * @param changeMs something changes this often
 * @returns the most calls a second that one hub got, over any five seconds
 */
function play(count: number, changeMs: number, fails: boolean): number {
  const hubs = new Map<string, Hub>();
  const all: Isolate[] = [];
  let shards = 1;
  const hubOf = (isolate: string): Hub => {
    const name = hubFor("weur", isolate, shards);
    const hub = hubs.get(name) ?? new Hub();
    hubs.set(name, hub);
    return hub;
  };
  const sync = (isolate: Isolate, nowMs: number) => {
    isolate.syncedMs = nowMs;
    if (isolate.shards !== shards) {
      isolate.hub.isolates.delete(isolate);
      isolate.shards = shards;
      isolate.hub = hubOf(isolate.name);
    }
    isolate.hub.isolates.add(isolate);
    isolate.hub.count(nowMs);
  };
  for (let nowMs = 0; nowMs < 2 * COMES_OVER_MS; nowMs += STEP_MS) {
    while (all.length < count && all.length < ((nowMs + STEP_MS) * count) / COMES_OVER_MS) {
      const name = `isolate-${all.length}`;
      const isolate = { name, hub: hubOf(name), shards, syncedMs: nowMs, urgentMs: nowMs };
      all.push(isolate);
      sync(isolate, nowMs);
    }
    for (const hub of hubs.values()) {
      const isCrowded = hub.isolates.size > ISOLATES_PER_HUB;
      if (nowMs - hub.contactedMs >= (isCrowded ? CONTACT_CROWDED_MS : CONTACT_EVERY_MS)) {
        hub.contactedMs = nowMs;
        shards = shardsFor(all.length, shards);
      }
      if (nowMs % changeMs === 0 && hub.releaseMs === Infinity)
        hub.releaseMs = nowMs + releaseDelayMs(nowMs - hub.releasedMs, hub.isolates.size);
      if (nowMs < hub.releaseMs) continue;
      hub.releaseMs = Infinity;
      hub.releasedMs = nowMs;
      for (const isolate of hub.isolates) sync(isolate, nowMs);
    }
    for (const isolate of all) {
      const { holdMs, urgentMs } = paceFor(isolate.hub.isolates.size);
      if (nowMs - isolate.syncedMs >= holdMs) sync(isolate, nowMs);
      if (!fails || nowMs - isolate.urgentMs < urgentMs) continue;
      isolate.urgentMs = nowMs;
      isolate.hub.count(nowMs);
    }
  }
  const rates = [...hubs.values()].flatMap(({ calls }) =>
    calls.map((_, second) => {
      const counted = Array.from({ length: OVER_SECONDS }, (_unused, i) => calls[second + i] ?? 0);
      return counted.reduce((sum, count) => sum + count, 0) / OVER_SECONDS;
    }),
  );
  return Math.max(...rates);
}

describe("a hub stays under 500 calls a second while a crowd comes", () => {
  it.each([300, 1_000])("of %i isolates, in a quiet time", (count) => {
    expect(play(count, Infinity, false)).toBeLessThan(500);
  });

  it.each([300, 1_000])("of %i isolates, while something changes every 100 ms and every attempt fails", (count) => {
    const most = play(count, 100, true);
    expect(most).toBeGreaterThan(200);
    expect(most).toBeLessThanOrEqual(500);
  });
});
