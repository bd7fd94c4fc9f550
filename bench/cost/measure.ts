/** Counts what the agreement costs while Fairlead runs with everything on: calls, rows, CPU. */
import { request as httpRequest } from "node:http";
import fairleadConfig from "../hot-path/fairlead.config.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";
import { startBenchOrigin } from "../hot-path/start-origin.ts";
import { drive, REQUEST_HEADERS } from "../hot-path/wrk.ts";
import { serveWorkers, type ServedWorkers } from "../workerd.ts";
import type { Counts, BusyCounts, QuietCounts } from "./loads.ts";

interface Counted {
  readonly calls: Readonly<Record<string, number>>;
  readonly rowsWritten: number;
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

const CONNECTIONS = 16;

export async function count(quick: boolean): Promise<Counts> {
  const busy = await withFairlead((workers) => countBusy(workers, quick ? 10 : 30));
  const quiet = await withFairlead((workers) => countQuiet(workers, quick ? 1 : 2));
  return { date: new Date().toISOString().slice(0, 10), quiet, busy };
}

async function withFairlead<T>(run: (workers: ServedWorkers) => Promise<T>): Promise<T> {
  const origin = await startBenchOrigin();
  try {
    const main = new URL("counted.workerd.ts", import.meta.url);
    const workers = await serveWorkers([{ name: "fairlead", fairlead: fairleadConfig, main }], origin.port);
    try {
      return await run(workers);
    } finally {
      await workers.stop();
    }
  } finally {
    await origin.stop();
  }
}

async function countBusy(workers: ServedWorkers, seconds: number): Promise<BusyCounts> {
  const address = workers.addresses.get("fairlead")!;
  await drive(address, CONNECTIONS, 5);
  const before = await counted(address);
  const cpuBefore = cpuMicroseconds(workers.process.pid);
  const { requests } = await drive(address, CONNECTIONS, seconds);
  const cpuMicros = cpuMicroseconds(workers.process.pid) - cpuBefore;
  const after = await counted(address);
  const isolateCalls = difference(before, after, (name) => BY_ISOLATES.has(name));
  const hubCalls = difference(before, after, (name) => !BY_ISOLATES.has(name));
  return {
    requestsPerSecond: rounded(requests / seconds),
    isolateCallsPerSecond: rounded(isolateCalls / seconds),
    hubCallsPerSecond: rounded(hubCalls / seconds),
    rowsPerSecond: rounded((after.rowsWritten - before.rowsWritten) / seconds),
    cpuMsPerRequest: rounded(cpuMicros / 1_000 / requests),
  };
}

/** The first minute is not counted: it starts everything. */
async function countQuiet(workers: ServedWorkers, minutes: number): Promise<QuietCounts> {
  const address = workers.addresses.get("fairlead")!;
  const startedMs = performance.now();
  await sendFromAll(address);
  await until(startedMs + 59_000);
  const before = await counted(address);
  for (let minute = 1; minute <= minutes; minute++) {
    await until(startedMs + minute * 60_000);
    await sendFromAll(address);
  }
  await until(startedMs + minutes * 60_000 + 59_000);
  const after = await counted(address);
  const each = PLACES.length * minutes;
  return {
    calls: rounded(difference(before, after, () => true) / each),
    rows: rounded((after.rowsWritten - before.rowsWritten) / each),
  };
}

async function sendFromAll(address: string): Promise<void> {
  for (const place of PLACES) await get(address, "/", { ...REQUEST_HEADERS, "MF-CF-Blob": JSON.stringify(place) });
}

async function counted(address: string): Promise<Counted> {
  return JSON.parse(await get(address, "/bench-counts", {})) as Counted;
}

function difference(before: Counted, after: Counted, matches: (name: string) => boolean): number {
  return Object.entries(after.calls)
    .filter(([name]) => matches(name))
    .reduce((sum, [name, calls]) => sum + calls - (before.calls[name] ?? 0), 0);
}

function get(address: string, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [host, port] = address.split(":");
  httpRequest({ host, port, path, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => {
      if (response.statusCode === 200) resolve(text);
      else reject(new Error(`Expected 200 from ${path}, got ${response.statusCode}: ${text}`));
    });
  })
    .on("error", reject)
    .end();
  return promise;
}

async function until(atMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
}

/** Three digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
