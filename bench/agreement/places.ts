/** The agreement across twelve places: real isolates, real Durable Objects, real origins. */
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { keepBusy, startPlaces, type Places } from "../../test/support/places.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { configFor, startOrigin } from "../../test/support/place-origins.ts";
import { quantile } from "./quantile.ts";

const PLACES = 12;

interface Confirmation {
  readonly complete: boolean;
  readonly effectiveWithinMs: number;
}

export async function measurePlaces(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origins = [await startOrigin(), await startOrigin()];
  const places = await startPlaces(PLACES, configFor(origins));
  try {
    await measureChanges(report, places, quick ? 5_000 : 50_000);
    await measureDeadIsolate(report, places);
  } finally {
    await Promise.all([places.stop(), ...origins.map((origin) => origin.stop())]);
  }
}

/** Drains the preferred origin and takes it back, again and again, under traffic from everywhere. */
async function measureChanges(report: Reporter, places: Places, wanted: number): Promise<void> {
  let expected: { readonly origin: string; readonly sinceMs: number } | null = null;
  const seen = { decisions: 0, stale: 0, failed: 0 };
  /** When each place was first seen to follow the latest change. */
  let follows = new Map<number, number>();
  let target = "";
  const busy = places.edges.map((edge, index) =>
    keepBusy(
      edge,
      (answer, sentAtMs) => {
        const origin = answer.headers["fairlead-origin"];
        if (answer.status !== 200) seen.failed++;
        if (origin === target && !follows.has(index)) follows.set(index, performance.now());
        if (expected === null || sentAtMs < expected.sinceMs) return;
        seen.decisions++;
        if (origin !== expected.origin) seen.stale++;
      },
      4,
    ),
  );
  await pause(3_000);
  const confirmMs: number[] = [];
  const reachMs: number[] = [];
  let incomplete = 0;
  for (let round = 0; seen.decisions < wanted; round++) {
    const state = round % 2 === 0 ? "draining" : null;
    expected = null;
    follows = new Map();
    target = round % 2 === 0 ? "second" : "first";
    const startedMs = performance.now();
    const { complete } = await change(places, state, 8_000);
    const sinceMs = performance.now();
    if (complete) expected = { origin: target, sinceMs };
    else incomplete++;
    confirmMs.push(sinceMs - startedMs);
    await pause(1_000);
    if (follows.size === PLACES) reachMs.push(Math.max(...follows.values()) - startedMs);
  }
  await Promise.all(busy.map(({ stop }) => stop()));
  report.note(
    `places: ${confirmMs.length} changes, ${incomplete} not complete in 8 s, ${seen.failed} requests failed; confirm p99 ${quantile(confirmMs, 0.99).toFixed(0)} ms; slowest place p50 ${quantile(reachMs, 0.5).toFixed(0)} ms, p99 ${quantile(reachMs, 0.99).toFixed(0)} ms`,
  );
  report.figure({
    figure: "stale decisions after `confirm` was complete (12 edge Workers, 50,000 decisions)",
    value: seen.stale,
    unit: "decisions",
    target: { equals: 0 },
  });
  report.figure({
    figure: "`confirm` after a change, 12 busy isolates, p50",
    value: quantile(confirmMs, 0.5),
    unit: "ms",
    target: { atMost: 150 },
  });
}

/** An isolate takes a lease and is never heard of again. */
async function measureDeadIsolate(report: Reporter, places: Places): Promise<void> {
  const busy = places.edges.map((edge) => keepBusy(edge, () => undefined, 30));
  await pause(2_000);
  const tookMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    await places.call("REGION_HUB", "enam", "sync", {
      protocol: 1,
      isolate: `dead-${round}`,
      region: "enam",
      have: null,
      report: null,
      lease: false,
    });
    const startedMs = performance.now();
    const { complete } = await change(places, round % 2 === 0 ? "draining" : null, 8_000);
    if (!complete) throw new Error("Expected the change to be confirmed once the dead isolate's lease was over");
    tookMs.push(performance.now() - startedMs);
  }
  await Promise.all(busy.map(({ stop }) => stop()));
  report.figure({
    figure: "`confirm`, 12 busy isolates and one dead, slowest of three",
    value: Math.max(...tookMs),
    unit: "ms",
    target: { atMost: LEASE_MS + 500 },
  });
}

async function change(places: Places, state: "draining" | null, waitMs: number): Promise<Confirmation> {
  const value = state && { kind: "administrative", origin: "first", state, expiresAtMs: null };
  const entries = [{ key: "administrative/first", value }];
  const { version } = await places.call<{ version: number }>(
    "CONTROL_PLANE",
    "control-plane",
    "append",
    "overrides",
    entries,
    {},
  );
  return places.call<Confirmation>("CONTROL_PLANE", "control-plane", "confirm", "overrides", version, waitMs);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
