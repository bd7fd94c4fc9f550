/** Topic `hot-path`: what Fairlead costs a request, against the least a Worker and the least a correct proxy do. */
import { availableParallelism, loadavg } from "node:os";
import { cpuMicroseconds } from "../hot-path/cpu.ts";
import { startPeers } from "../hot-path/peers.ts";
import { get, withSession } from "../cost/client.ts";
import { everythingCached, everythingOn, SESSION_SECRETS } from "../everything-on.ts";
import { drive, hasWrk, REQUEST_HEADERS, type Load } from "../hot-path/wrk.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { formatSpread, median } from "../statistics.ts";
import { serveWorkers } from "../workerd.ts";
import { startBenchOrigin } from "../hot-path/start-origin.ts";

const PASS_THROUGH = "pass-through";
const LEAST_PROXY = "least proxy";
const FAIRLEAD = "Fairlead";
const HIT = "Fairlead, memory-cache hit";

const CONNECTIONS = [1, 32] as const;

/** Who is set against whom. */
const COMPARED = [
  [FAIRLEAD, PASS_THROUGH],
  [FAIRLEAD, LEAST_PROXY],
  [HIT, PASS_THROUGH],
] as const;

/** Many short slices: neighbours in time then saw the same machine. One second is the least that wrk does. */
const ROUNDS = 16;
const QUICK_ROUNDS = 6;
const SLICE_SECONDS = 1;
const WARM_UP_SECONDS = 2;

/** Peers are there for scale, not for a verdict, so they take part in one round of so many. */
const PEERS_EVERY = 5;

interface Contestant {
  readonly name: string;
  readonly address: string;
  readonly pid: number;
  readonly isPeer: boolean;
}

interface Sample extends Load {
  readonly cpuMicrosPerRequest: number;
}

/** Samples by contestant and number of connections; the i-th of each were taken in the same round. */
type Samples = ReadonlyMap<string, Sample[]>;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  if (!(await hasWrk())) {
    throw new Error("Expected wrk to be installed (bench/install-peers.sh, or your package manager), found none");
  }
  const stops: (() => Promise<void>)[] = [];
  try {
    const origin = await startBenchOrigin();
    stops.push(() => origin.stop());
    const { contestants, absent } = await startContestants(origin.port, stops);
    const busyness = loadavg()[0]!;
    for (const { address } of contestants) await drive(address, 32, WARM_UP_SECONDS);
    await expectHit(contestants.find(({ name }) => name === HIT)!.address);
    const samples = await interleave(contestants, quick ? QUICK_ROUNDS : ROUNDS);
    tell(report, contestants, absent, samples);
    report.note(`Load average before the first round: ${busyness.toFixed(1)} on ${availableParallelism()} processors.`);
    judgeBudgets(report, samples);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function startContestants(originPort: number, stops: (() => Promise<void>)[]) {
  const workers = await serveWorkers(
    [
      { name: "pass-through", file: new URL("../hot-path/pass-through.ts", import.meta.url) },
      { name: "least-proxy", file: new URL("../hot-path/least-proxy.ts", import.meta.url) },
      { name: "fairlead", fairlead: everythingOn, vars: SESSION_SECRETS },
      { name: "cached", fairlead: everythingCached, vars: SESSION_SECRETS },
    ],
    originPort,
  );
  stops.push(() => workers.stop());
  const peers = await startPeers(originPort);
  for (const peer of peers.running) stops.push(() => peer.stop());
  const worker = (name: string, file: string): Contestant => ({
    name,
    address: workers.addresses.get(file)!,
    pid: workers.process.pid,
    isPeer: false,
  });
  const contestants = [
    worker(PASS_THROUGH, "pass-through"),
    worker(LEAST_PROXY, "least-proxy"),
    worker(FAIRLEAD, "fairlead"),
    worker(HIT, "cached"),
    ...peers.running.map(({ name, address, process }) => ({ name, address, pid: process.pid, isPeer: true })),
  ];
  return { contestants, absent: peers.absent };
}

/** @throws Error when what is measured as a hit is none */
async function expectHit(address: string): Promise<void> {
  const { headers } = await get(address, "/articles/42?page=2", REQUEST_HEADERS);
  const status = String(headers["cache-status"]);
  if (!status.startsWith("Fairlead; hit")) throw new Error(`Expected a hit, got Cache-Status: ${status}`);
}

/** A B C, then C B A: a machine that slows down or speeds up favours no side. */
async function interleave(contestants: readonly Contestant[], rounds: number): Promise<Samples> {
  const samples = new Map<string, Sample[]>();
  const fairlead = contestants.find(({ name }) => name === FAIRLEAD)!;
  for (let round = 0; round < rounds; round++) {
    // All send the cookie of a session at Fairlead, a young one: a browser would have been given a new one long ago.
    const fields = await withSession(fairlead.address);
    const taking = contestants.filter(({ isPeer }) => !isPeer || round % PEERS_EVERY === 0);
    for (const connections of CONNECTIONS) {
      for (const contestant of round % 2 === 0 ? taking : taking.toReversed()) {
        const key = keyOf(contestant.name, connections);
        const before = cpuMicroseconds(contestant.pid);
        const load = await drive(contestant.address, connections, SLICE_SECONDS, fields);
        const cpuMicrosPerRequest = (cpuMicroseconds(contestant.pid) - before) / load.requests;
        samples.set(key, [...(samples.get(key) ?? []), { ...load, cpuMicrosPerRequest }]);
      }
    }
  }
  return samples;
}

function tell(report: Reporter, contestants: readonly Contestant[], absent: readonly string[], samples: Samples): void {
  const fields = Object.keys(REQUEST_HEADERS).length;
  report.note(
    `GET, ${fields} request fields, a session's cookie among them, 1 KiB answer, one origin. The Workers share one workerd process; the others have one thread each.`,
  );
  report.table([
    ...contestants.flatMap(({ name }) =>
      CONNECTIONS.map((connections) => {
        const taken = samples.get(keyOf(name, connections))!;
        const middle = (of: (sample: Sample) => number, digits: number) => median(taken.map(of)).toFixed(digits);
        return {
          who: name,
          connections,
          "requests/s": middle((sample) => sample.requestsPerSecond, 0),
          "p50 ms": middle((sample) => sample.p50Ms, 3),
          "p99 ms": middle((sample) => sample.p99Ms, 3),
          "CPU us/request": middle((sample) => sample.cpuMicrosPerRequest, 0),
        };
      }),
    ),
    ...absent.map((name) => ({ who: name, connections: "absent" })),
  ]);
  report.note("In the same round: median (quartiles).");
  report.table(
    COMPARED.flatMap(([who, other]) =>
      CONNECTIONS.map((connections) => ({
        who,
        against: other,
        connections,
        "requests/s": `${formatSpread(ratios(samples, who, other, connections))} x`,
        "CPU per request": `${formatSpread(cpuRatios(samples, who, other, connections))} x`,
        "p50 ms added": formatSpread(addedP50Ms(samples, who, other, connections), 3),
        rounds: ratios(samples, who, other, connections).length,
      })),
    ),
  );
}

function judgeBudgets(report: Reporter, samples: Samples): void {
  for (const connections of CONNECTIONS) {
    const at = `${connections} connection${connections === 1 ? "" : "s"}`;
    report.figure({
      figure: `requests/s against the least a correct proxy must do, ${at}`,
      value: median(ratios(samples, FAIRLEAD, LEAST_PROXY, connections)),
      unit: "x",
      target: { atLeast: 0.92 },
    });
    report.figure({
      figure: `requests/s against a bare pass-through, ${at}`,
      value: median(ratios(samples, FAIRLEAD, PASS_THROUGH, connections)),
      unit: "x",
      target: { atLeast: 0.75 },
    });
    report.figure({
      figure: `memory-cache hit, requests/s against a bare pass-through, ${at}`,
      value: median(ratios(samples, HIT, PASS_THROUGH, connections)),
      unit: "x",
      target: { atLeast: 1.4 },
    });
  }
  report.figure({
    figure: "p50 added to a bare pass-through, 1 connection",
    value: median(addedP50Ms(samples, FAIRLEAD, PASS_THROUGH, 1)),
    unit: "ms",
    target: { atMost: 0.15 },
  });
}

function ratios(samples: Samples, who: string, other: string, connections: number): number[] {
  return compared(
    samples,
    who,
    other,
    connections,
    (ours, theirs) => ours.requestsPerSecond / theirs.requestsPerSecond,
  );
}

function cpuRatios(samples: Samples, who: string, other: string, connections: number): number[] {
  return compared(
    samples,
    who,
    other,
    connections,
    (ours, theirs) => ours.cpuMicrosPerRequest / theirs.cpuMicrosPerRequest,
  );
}

function addedP50Ms(samples: Samples, who: string, other: string, connections: number): number[] {
  return compared(samples, who, other, connections, (ours, theirs) => ours.p50Ms - theirs.p50Ms);
}

function compared(
  samples: Samples,
  who: string,
  other: string,
  connections: number,
  compare: (ours: Sample, theirs: Sample) => number,
): number[] {
  const theirs = samples.get(keyOf(other, connections))!;
  return samples.get(keyOf(who, connections))!.map((ours, round) => compare(ours, theirs[round]!));
}

function keyOf(name: string, connections: number): string {
  return `${name} ${connections}`;
}
