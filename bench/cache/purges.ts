/** Purges over HTTP while twelve isolates are busy: how long until one is a fact, and whether it is one. */
import { createServer } from "node:http";
import { cpuMicroseconds } from "../hot-path/cpu.ts";
import { startSteadyLoad, type SteadyTarget } from "./steady-load.ts";
import { formatSpread, quantile } from "../statistics.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { BRIDGE, callObject } from "../../demo/object-bridge.ts";
import { PLACES } from "../../demo/places.ts";
import { freePort } from "../../demo/ports.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { HubDescription } from "../../durable-objects/hub-description.ts";

const EDGES = 12;
const READS = 50_000;
const PER_SECOND = 200;
const THINGS = 24;
/** No answer has its tag. */
const NOTHING = THINGS;
/** For hits alone, one isolate: about what a busy one does. */
const HITS_PER_SECOND = 500;
const HOST = "bench.test";
const REGIONS = ["enam", "wnam", "weur", "apac"] as const;

export async function measurePurges(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const versions = Array.from({ length: THINGS }, () => 1);
  const originPort = await freePort();
  const origin = createServer((request, response) => {
    const thing = Number(request.url!.split("/").at(-1));
    const body = String(versions[thing]);
    const fields = { "Content-Length": body.length, "Cache-Control": "max-age=3600", "Cache-Tag": `thing-${thing}` };
    response.writeHead(200, fields).end(body);
  });
  await new Promise<void>((resolve) => origin.listen(originPort, "127.0.0.1", resolve));
  const { token, stored } = await makeToken("bench", ["purge"]);
  const pools = { p: { region: "enam" as const, origins: [{ id: "o", url: `http://127.0.0.1:${originPort}` }] } };
  const config = defineConfig({
    regions: [...REGIONS],
    services: { bench: { hosts: [HOST], pools, cache: { rules: [{}] } } },
  });
  const vars = { ADMIN_TOKENS: JSON.stringify([stored]) };
  const workerd = await startWorkerd({ config, edges: EDGES, bridge: BRIDGE, vars });
  const places = Object.values(PLACES);
  const targets = workerd.edgePorts.map((port, index) => ({ port, host: HOST, place: places[index % places.length]! }));
  const purge = async (thing: number, edge: number) => {
    const startedMs = performance.now();
    const answer = await fetch(`http://127.0.0.1:${targets[edge % EDGES]!.port}/api/v1/cache/purge`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ tags: [`thing-${thing}`] }),
    });
    if (answer.status !== 200) throw new Error(`Expected the purge to be made, got ${await answer.text()}`);
    const { complete } = (await answer.json()) as { complete: boolean };
    return { complete, tookMs: performance.now() - startedMs };
  };
  const callHub = <T>(hub: string, method: string, ...args: unknown[]) =>
    callObject<T>(workerd.bridgePort!, "REGION_HUB", hub, method, ...args);
  try {
    await loadControlPlanes(report, purge);
    await measureReads(report, targets, versions, purge, workerd.process.pid, quick ? READS / 10 : READS);
    await measureDead(report, targets, versions, purge, callHub);
    await measureCalls(report, targets[0]!, callHub, quick ? 5 : 20);
  } finally {
    await workerd.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

type Purge = (thing: number, edge: number) => Promise<{ complete: boolean; tookMs: number }>;
type CallHub = <T>(hub: string, method: string, ...args: unknown[]) => Promise<T>;

const pathOf = (n: number) => `/things/${n % THINGS}`;
const thingOf = (path: string) => Number(path.split("/").at(-1));

/** Each isolate loads the control plane when it is first asked, which takes its time of the one thread that plays all of them. */
async function loadControlPlanes(report: Reporter, purge: Purge): Promise<void> {
  const tookMs: number[] = [];
  for (let edge = 0; edge < EDGES; edge++) tookMs.push((await purge(NOTHING, edge)).tookMs);
  report.note(`an isolate's first purge, which loads the control plane: ${formatSpread(tookMs, 0)} ms`);
}

async function measureReads(
  report: Reporter,
  targets: readonly SteadyTarget[],
  versions: number[],
  purge: Purge,
  pid: number,
  wanted: number,
): Promise<void> {
  /** By thing: what a request sent after this moment must not fall short of. */
  const promised = versions.map((version) => ({ version, sinceMs: Infinity }));
  const seen = { judged: 0, stale: 0, hits: 0, failed: 0 };
  const load = startSteadyLoad(targets, PER_SECOND, pathOf, ({ path, status, isHit, body, sentAtMs }) => {
    if (status !== 200) seen.failed++;
    if (isHit) seen.hits++;
    const { version, sinceMs } = promised[thingOf(path)]!;
    if (sentAtMs < sinceMs) return;
    seen.judged++;
    if (Number(body) < version) seen.stale++;
  });
  await pause(3_000);
  const startedMs = performance.now();
  const [answeredBefore, skippedBefore, cpuBefore] = [load.answered(), load.skipped(), cpuMicroseconds(pid)];
  const tookMs: number[] = [];
  let incomplete = 0;
  for (let round = 0; seen.judged < wanted; round++) {
    const thing = round % THINGS;
    const version = ++versions[thing]!;
    promised[thing] = { version, sinceMs: Infinity };
    const purged = await purge(thing, round);
    tookMs.push(purged.tookMs);
    if (purged.complete) promised[thing] = { version, sinceMs: performance.now() };
    else incomplete++;
    await pause(200);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const perEdge = (load.answered() - answeredBefore) / seconds / EDGES;
  const skipped = load.skipped() - skippedBefore;
  const busy = (cpuMicroseconds(pid) - cpuBefore) / 1e6 / seconds;
  await load.stop();
  if (seen.failed > 0) throw new Error(`Expected every request to be answered, ${seen.failed} were not`);
  report.note(
    `purges: ${tookMs.length} while each of ${EDGES} edge Workers answered ${perEdge.toFixed(0)} requests/s (${PER_SECOND} were due; ${skipped} of all were not sent, because the one thread of workerd that plays every edge and object, ${(busy * 100).toFixed(0)} % busy, had not answered on any connection), ${((seen.hits / load.answered()) * 100).toFixed(1)} % hits; ${incomplete} not complete in 8 s; ${formatSpread(tookMs, 0)} ms, p99 ${quantile(tookMs, 0.99).toFixed(0)} ms`,
  );
  report.figure({
    figure: "stale served to requests sent after a hard purge was answered complete (12 edge Workers, 50,000 reads)",
    value: seen.stale,
    unit: "reads",
    target: { equals: 0 },
  });
  report.figure({
    figure: "purge request to its answer, 12 busy edge Workers, p50",
    value: quantile(tookMs, 0.5),
    unit: "ms",
    target: { atMost: 150 },
  });
}

/** An isolate takes a lease and is never heard of again. */
async function measureDead(
  report: Reporter,
  targets: readonly SteadyTarget[],
  versions: number[],
  purge: Purge,
  callHub: CallHub,
): Promise<void> {
  const load = startSteadyLoad(targets, PER_SECOND, pathOf, () => undefined);
  await pause(2_000);
  const tookMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    const request = { protocol: 1, isolate: `dead-${round}`, region: "enam", have: null, report: null, lease: false };
    const { leaseMs } = await callHub<{ leaseMs: number }>("enam", "sync", request);
    if (leaseMs === 0) throw new Error("Expected the isolate that dies to hold a lease, it got none");
    versions[0]!++;
    const purged = await purge(0, round);
    if (!purged.complete) throw new Error("Expected the purge to be confirmed once the dead isolate's lease was over");
    tookMs.push(purged.tookMs);
  }
  await load.stop();
  report.figure({
    figure: "purge request to its answer, 12 busy edge Workers and one dead, slowest of three",
    value: Math.max(...tookMs),
    unit: "ms",
    target: { atMost: LEASE_MS + 500 },
  });
}

/** One isolate that serves hits and nothing else. */
async function measureCalls(report: Reporter, target: SteadyTarget, callHub: CallHub, seconds: number): Promise<void> {
  const calls = async () => {
    const hubs = await Promise.all(REGIONS.map((hub) => callHub<HubDescription>(hub, "describe")));
    return hubs.reduce(
      (sum, { counters }) => sum + counters.syncs + counters.reports + counters.contacts + counters.breakerCalls,
      0,
    );
  };
  // The leases of the other isolates run out first, so that only this one has something to sync.
  await pause(LEASE_MS + 3_000);
  let hits = 0;
  let others = 0;
  const load = startSteadyLoad([target], HITS_PER_SECOND, pathOf, ({ isHit }) => void (isHit ? hits++ : others++));
  await pause(3_000);
  const [hitsBefore, othersBefore, callsBefore] = [hits, others, await calls()];
  await pause(seconds * 1_000);
  const [served, made] = [hits - hitsBefore, (await calls()) - callsBefore];
  const missed = others - othersBefore;
  await load.stop();
  if (missed > 0) throw new Error(`Expected hits alone, ${missed} answers were none`);
  report.note(`one isolate: ${served} hits in ${seconds} s, ${made} Durable Object calls, those of hubs among them`);
  report.figure({
    figure: "Durable Object calls per 1,000 hits, one isolate at 500 hits/s",
    value: (made * 1_000) / served,
    unit: "calls",
    target: { atMost: 3 },
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
