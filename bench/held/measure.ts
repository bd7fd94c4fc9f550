/** Ways to keep isolates up to date, side by side on twelve places each: what they cost and how soon a change is everywhere. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../demo/worker-bundle.ts";
import type { HubDescription } from "../../durable-objects/hub-description.ts";
import { configFor, startOrigin } from "../../test/support/place-origins.ts";
import { startPlaces, type Edge, type Places } from "../../test/support/places.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";

const PLACES = 12;
const WINDOW_MS = 2_000;
const WARM_UP_MS = 4_000;

/** Traffic of each place: enough to never be without, and while a change is on its way enough to see when it comes. */
const PAUSE_MS = 200;
const WATCHING_PAUSE_MS = 40;

/** Isolates began at different times: else all would poll at the same moment, and a change would meet them all early or all late. */
const SPREAD_MS = 2_000;

const FOLLOWED_WITHIN_MS = 10_000;

export interface Way {
  readonly name: string;
  /** 0: calls are held. */
  readonly pollMs: number;
}

/** In the order of the rounds; the i-th of each way were measured in the same one. */
export interface Measured {
  readonly way: Way;
  /** Syncs of an isolate that has traffic, while nothing changes; the windows are the same for all ways. */
  readonly callsPerSecond: readonly number[];
  /** Of the whole process, in the same windows, with the same requests for every way. */
  readonly cpuPercent: readonly number[];
  /** From the change's call until a request at each place follows it, by round. */
  readonly effectMs: readonly (readonly number[])[];
}

/** Measures them all at once: each way has a process of its own, all the same traffic. */
export async function measureWays(ways: readonly Way[], rounds: number): Promise<Measured[]> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-held-"));
  const origins = [await startOrigin(), await startOrigin()];
  const fleets: Fleet[] = [];
  try {
    const config = configFor(origins);
    const main = fileURLToPath(new URL("polled.workerd.ts", import.meta.url));
    const bundle = await bundleWorker(directory, config, main);
    for (const way of ways) {
      const places = await startPlaces(PLACES, config, bundle, { POLL_MS: String(way.pollMs) });
      fleets.push(new Fleet(way, places));
    }
    await pause(WARM_UP_MS);
    const quiet = await measureQuiet(fleets, rounds);
    const effects = await measureEffects(fleets, rounds);
    return ways.map((way, index) => ({ way, ...quiet[index]!, effectMs: effects[index]! }));
  } finally {
    await Promise.all(fleets.map((fleet) => fleet.stop()));
    await Promise.all(origins.map((origin) => origin.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureQuiet(fleets: readonly Fleet[], rounds: number) {
  const samples = fleets.map(() => ({ callsPerSecond: [] as number[], cpuPercent: [] as number[] }));
  const look = () => Promise.all(fleets.map((fleet) => fleet.meters()));
  let before = await look();
  for (let round = 0; round < rounds; round++) {
    await pause(WINDOW_MS);
    const after = await look();
    for (const [index, { callsPerSecond, cpuPercent }] of samples.entries()) {
      const [from, to] = [before[index]!, after[index]!];
      const seconds = (to.atMs - from.atMs) / 1_000;
      callsPerSecond.push((to.syncs - from.syncs) / seconds / PLACES);
      cpuPercent.push((to.cpuMicros - from.cpuMicros) / seconds / 10_000);
    }
    before = after;
  }
  return samples;
}

/** A B C, then C B A. */
async function measureEffects(fleets: readonly Fleet[], rounds: number): Promise<number[][][]> {
  const effects = fleets.map((): number[][] => []);
  const order = [...fleets.entries()];
  for (let round = 0; round < rounds; round++) {
    for (const [index, fleet] of round % 2 === 0 ? order : order.toReversed()) {
      // At random, so that no way is met at the same moment of its round each time.
      await pause(Math.random() * Math.max(fleet.way.pollMs, WATCHING_PAUSE_MS));
      effects[index]!.push(await fleet.change(round % 2 === 0));
    }
  }
  return effects;
}

/** The places of one way, and their traffic. */
class Fleet {
  readonly way: Way;
  readonly #places: Places;
  readonly #busy: Promise<void[]>;
  #isStopped = false;
  #pauseMs = PAUSE_MS;
  #seen: (place: number, origin: string | undefined) => void = () => {};

  constructor(way: Way, places: Places) {
    this.way = way;
    this.#places = places;
    this.#busy = Promise.all(places.edges.map((edge, index) => this.#keepBusy(edge, index)));
  }

  async #keepBusy(edge: Edge, index: number): Promise<void> {
    await pause((index * SPREAD_MS) / PLACES);
    while (!this.#isStopped) {
      const { headers } = await edge.send();
      this.#seen(index, headers["fairlead-origin"] as string | undefined);
      await pause(this.#pauseMs);
    }
  }

  async meters() {
    const cpuMicros = cpuMicroseconds(this.#places.pid);
    const atMs = performance.now();
    return { syncs: await this.#syncs(), cpuMicros, atMs };
  }

  /** Of all hubs that the places use. */
  async #syncs(): Promise<number> {
    const hubs = ["enam", "wnam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "sam", "afr", "me"];
    const described = await Promise.all(
      hubs.map((hub) => this.#places.call<HubDescription>("REGION_HUB", hub, "describe")),
    );
    return described.reduce((sum, { counters }) => sum + counters.syncs, 0);
  }

  /**
   * Drains the first origin or ends that.
   *
   * @returns for each place, ms from the call until a request there followed it
   */
  async change(isDrain: boolean): Promise<number[]> {
    const target = isDrain ? "second" : "first";
    this.#pauseMs = WATCHING_PAUSE_MS;
    await pause(PAUSE_MS);
    const follows = new Map<number, number>();
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const sinceMs = performance.now();
    this.#seen = (place, origin) => {
      if (origin !== target || follows.has(place)) return;
      follows.set(place, performance.now() - sinceMs);
      if (follows.size === PLACES) resolve();
    };
    const value = isDrain && { kind: "administrative", origin: "first", state: "draining", expiresAtMs: null };
    const entries = [{ key: "administrative/first", value: value || null }];
    await this.#places.call("CONTROL_PLANE", "control-plane", "append", "overrides", entries, {});
    await Promise.race([all, pause(FOLLOWED_WITHIN_MS)]);
    this.#seen = () => {};
    this.#pauseMs = PAUSE_MS;
    if (follows.size < PLACES)
      throw new Error(`${this.way.name}: expected ${PLACES} places to follow, ${follows.size} did`);
    return [...follows.values()];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#busy;
    await this.#places.stop();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
