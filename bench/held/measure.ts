/** One way to keep isolates up to date, on twelve places: what it costs and how soon a change is everywhere. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../demo/worker-source.ts";
import type { HubDescription } from "../../durable-objects/hub-description.ts";
import { configFor, startOrigin } from "../../test/support/place-origins.ts";
import { keepBusy, startPlaces, type Places } from "../../test/support/places.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";

const PLACES = 12;
const BUSY_PAUSE_MS = 40;

export interface Way {
  readonly name: string;
  /** 0: calls are held. */
  readonly pollMs: number;
}

export interface Measured {
  readonly way: Way;
  /** Syncs of an isolate that has traffic. */
  readonly callsPerSecond: number;
  /** Of the whole process, with the same requests for every way. */
  readonly cpuPercent: number;
  /** From the change's call until a request at each place follows it, all places and changes. */
  readonly effectMs: readonly number[];
}

export async function measureWay(way: Way, changes: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-held-"));
  const origins = [await startOrigin(), await startOrigin()];
  try {
    const config = configFor(origins);
    const main = fileURLToPath(new URL("polled.workerd.ts", import.meta.url));
    const bundle = await bundleWorker(directory, config, main);
    const places = await startPlaces(PLACES, config, bundle, { POLL_MS: String(way.pollMs) });
    try {
      return { way, ...(await measurePlaces(places, changes)) };
    } finally {
      await places.stop();
    }
  } finally {
    await Promise.all(origins.map((origin) => origin.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

async function measurePlaces(places: Places, changes: number): Promise<Omit<Measured, "way">> {
  let target = "";
  let sinceMs = 0;
  let follows = new Map<number, number>();
  const busy = places.edges.map((edge, index) =>
    keepBusy(
      edge,
      (answer) => {
        if (answer.headers["fairlead-origin"] === target && !follows.has(index))
          follows.set(index, performance.now() - sinceMs);
      },
      BUSY_PAUSE_MS,
    ),
  );
  await pause(4_000);
  const before = { syncs: await syncs(places), cpu: cpuMicroseconds(places.pid), ms: performance.now() };
  await pause(8_000);
  const seconds = (performance.now() - before.ms) / 1_000;
  const cpuPercent = (cpuMicroseconds(places.pid) - before.cpu) / seconds / 10_000;
  const callsPerSecond = ((await syncs(places)) - before.syncs) / seconds / PLACES;
  const effectMs: number[] = [];
  for (let round = 0; round < changes; round++) {
    follows = new Map();
    target = round % 2 === 0 ? "second" : "first";
    sinceMs = performance.now();
    await change(places, round % 2 === 0 ? "draining" : null);
    // At random, so that no way is met at the same moment of its round each time.
    await pause(2_500 + Math.random() * 500);
    if (follows.size < PLACES) throw new Error(`Expected ${PLACES} places to follow, ${follows.size} did`);
    effectMs.push(...follows.values());
  }
  await Promise.all(busy.map(({ stop }) => stop()));
  return { callsPerSecond, cpuPercent, effectMs };
}

/** Of all hubs that the places use. */
async function syncs(places: Places): Promise<number> {
  const hubs = ["enam", "wnam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "sam", "afr", "me"];
  const described = await Promise.all(hubs.map((hub) => places.call<HubDescription>("REGION_HUB", hub, "describe")));
  return described.reduce((sum, { counters }) => sum + counters.syncs, 0);
}

async function change(places: Places, state: "draining" | null): Promise<void> {
  const value = state && { kind: "administrative", origin: "first", state, expiresAtMs: null };
  const entries = [{ key: "administrative/first", value }];
  await places.call("CONTROL_PLANE", "control-plane", "append", "overrides", entries, {});
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
