/** Counts what the agreement costs while Fairlead runs with everything on: calls, rows, subrequests, CPU. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../src/config/schema.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";
import { startBenchOrigin } from "../hot-path/start-origin.ts";
import { REQUEST_HEADERS } from "../hot-path/wrk.ts";
import { serveWorkers, type ServedWorkers } from "../workerd.ts";
import { get, sendMany, withSession } from "./client.ts";
import { everythingOn, SESSION_SECRETS } from "../everything-on.ts";
import type { BusyCounts, QuietCounts } from "./loads.ts";

interface Counted {
  readonly calls: Readonly<Record<string, number>>;
  readonly rowsWritten: number;
  readonly subrequests: number;
}

/** One in each of four regions. */
const PLACES = [
  { colo: "IAD", latitude: "39.0", longitude: "-77.5" },
  { colo: "SJC", latitude: "37.4", longitude: "-121.9" },
  { colo: "FRA", latitude: "50.1", longitude: "8.6" },
  { colo: "NRT", latitude: "35.6", longitude: "139.8" },
];

/** What isolates call; everything else is a hub's, the ControlPlane's or the clock's. */
const BY_ISOLATES = new Set(["RegionHub.sync", "RegionHub.report", "RateLimiter.take", "RateLimiter.giveBack"]);

/** A thousand requests a second, whatever the machine does: the Worker's clock goes by them. */
const MS_PER_REQUEST = 1;
const REQUESTS_PER_SECOND = 1_000 / MS_PER_REQUEST;

const CONNECTIONS = 16;

/**
 * Where nothing happens a minute is 20 s. Not less: an object is idle for 10 s of the machine's time before it is evicted, and
 * between two requests of a quiet site it is.
 */
export const QUIET_SPEED = 3;

/** The start, with first contacts and first leases, is counted apart. */
const START_REQUESTS = 5_000;

/** @param seconds of the Worker's clock */
export function countBusy(seconds: number, config = everythingOn): Promise<BusyCounts> {
  return withFairlead(config, { MS_PER_REQUEST: String(MS_PER_REQUEST) }, async ({ addresses, process }) => {
    const address = addresses.get("fairlead")!;
    const headers = await withSession(address);
    await sendMany(address, START_REQUESTS, CONNECTIONS, headers);
    const start = await counted(address);
    const cpuBefore = cpuMicroseconds(process.pid);
    const requests = seconds * REQUESTS_PER_SECOND;
    await sendMany(address, requests, CONNECTIONS, headers);
    const cpuMicros = cpuMicroseconds(process.pid) - cpuBefore;
    const end = await counted(address);
    return {
      requests,
      startCalls: allCalls(start),
      startRows: start.rowsWritten,
      isolateCallsPerSecond: rounded((callsOf(end, true) - callsOf(start, true)) / seconds),
      hubCallsPerSecond: rounded((callsOf(end, false) - callsOf(start, false)) / seconds),
      rowsPerSecond: rounded((end.rowsWritten - start.rowsWritten) / seconds),
      subrequestsPerRequest: rounded((end.subrequests - start.subrequests) / requests),
      cpuMsPerRequest: rounded(cpuMicros / 1_000 / requests),
    };
  });
}

const counts = new Map<number, Promise<BusyCounts>>();

/** The same, counted once for all topics that run: by the Worker's clock one count is as good as another. */
export function countBusyOnce(seconds: number): Promise<BusyCounts> {
  const known = counts.get(seconds) ?? countBusy(seconds);
  counts.set(seconds, known);
  return known;
}

/** The first minute is not counted: it starts everything. @param minutes of the Worker's clock */
export function countQuiet(minutes: number): Promise<QuietCounts> {
  return withFairlead(everythingOn, { SPEED: String(QUIET_SPEED) }, async ({ addresses }) => {
    const address = addresses.get("fairlead")!;
    const startedMs = performance.now();
    const until = (seconds: number) => sleep(startedMs + (seconds * 1_000) / QUIET_SPEED - performance.now());
    await sendFromAll(address);
    await until(59);
    const before = await counted(address);
    for (let minute = 1; minute <= minutes; minute++) {
      await until(minute * 60);
      await sendFromAll(address);
    }
    await until(minutes * 60 + 59);
    const after = await counted(address);
    const each = PLACES.length * minutes;
    return {
      calls: rounded((allCalls(after) - allCalls(before)) / each),
      rows: rounded((after.rowsWritten - before.rowsWritten) / each),
    };
  });
}

async function withFairlead<T>(
  config: Config,
  vars: Readonly<Record<string, string>>,
  run: (workers: ServedWorkers) => Promise<T>,
): Promise<T> {
  const origin = await startBenchOrigin();
  try {
    const main = new URL("counted.workerd.ts", import.meta.url);
    const worker = { name: "fairlead", fairlead: config, main, vars: { ...SESSION_SECRETS, ...vars } };
    const workers = await serveWorkers([worker], origin.port);
    try {
      return await run(workers);
    } finally {
      await workers.stop();
    }
  } finally {
    await origin.stop();
  }
}

/** Each comes without a cookie, as new visitors do. */
async function sendFromAll(address: string): Promise<void> {
  for (const place of PLACES) await get(address, "/", { ...REQUEST_HEADERS, "MF-CF-Blob": JSON.stringify(place) });
}

async function counted(address: string): Promise<Counted> {
  return JSON.parse((await get(address, "/bench-counts", {})).body) as Counted;
}

function allCalls(counted: Counted): number {
  return callsOf(counted, true) + callsOf(counted, false);
}

function callsOf({ calls }: Counted, byIsolates: boolean): number {
  return Object.entries(calls)
    .filter(([name]) => BY_ISOLATES.has(name) === byIsolates)
    .reduce((total, [, times]) => total + times, 0);
}

/** Three digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
