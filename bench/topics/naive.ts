/** Topic `naive`: Fairlead beside the textbook design, which asks three Durable Objects on every request. */
import { get, Agent } from "node:http";
import { withSession, type RequestHeaders } from "../cost/client.ts";
import { everythingOn, SESSION_SECRETS } from "../everything-on.ts";
import { cpuMicroseconds } from "../hot-path/cpu.ts";
import { startBenchOrigin } from "../hot-path/start-origin.ts";
import { drive, hasWrk } from "../hot-path/wrk.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { formatSpread, median, paired } from "../statistics.ts";
import { serveWorkers, type BenchWorker, type ServedWorkers } from "../workerd.ts";

/** A call for each of the three: what the budgets are judged against. */
const NAIVE = "textbook";
/** Its breaker is told of every outcome by a call of its own, as most are built. */
const TOLD = "textbook-told";
const FAIRLEAD = "fairlead";

/** The configuration of both sides. */
const CONFIG = everythingOn;

const CONNECTIONS = 32;
const ROUNDS = 16;
const QUICK_ROUNDS = 4;

/** Round trip from an isolate to an object elsewhere on its continent, ms. */
const DISTANCE_MS = 30;
const ORIGIN_MS = 60;
const REQUESTS_A_TURN = 5;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  if (!(await hasWrk())) throw new Error("Expected wrk to be installed (bench/install-peers.sh), found none");
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  await withAll(0, 0, (workers) => measureThroughput(report, workers, rounds));
  await withAll(DISTANCE_MS, ORIGIN_MS, (workers) => measureDistance(report, workers, rounds));
}

/** Serves them all in one workerd, their objects `distanceMs` away and an origin that takes `originMs`. */
async function withAll(
  distanceMs: number,
  originMs: number,
  measure: (workers: ServedWorkers) => Promise<void>,
): Promise<void> {
  const origin = await startBenchOrigin(originMs);
  try {
    const workers = await serveWorkers(
      [naive(NAIVE, distanceMs, "along"), naive(TOLD, distanceMs, "apart"), fairlead(distanceMs)],
      origin.port,
    );
    try {
      await measure(workers);
    } finally {
      await workers.stop();
    }
  } finally {
    await origin.stop();
  }
}

function naive(name: string, distanceMs: number, outcomes: "along" | "apart"): BenchWorker {
  const { breaker, ramp, rateLimits } = CONFIG.services["bench"]!;
  const { algorithm, limit, windowSeconds } = rateLimits[0]!;
  return {
    name,
    file: new URL("../naive/naive.workerd.ts", import.meta.url),
    objects: { NAIVE_LIMITER: "NaiveLimiter", NAIVE_AFFINITY: "NaiveAffinity", NAIVE_BREAKER: "NaiveBreaker" },
    vars: {
      BREAKER_RULES: JSON.stringify({ breaker, ramp }),
      LIMIT_RULE: JSON.stringify({ algorithm, limit, windowMs: windowSeconds * 1_000, burst: limit }),
      DISTANCE_MS: String(distanceMs),
      OUTCOMES: outcomes,
    },
  };
}

function fairlead(distanceMs: number): BenchWorker {
  const worker = { name: FAIRLEAD, fairlead: CONFIG, vars: SESSION_SECRETS };
  if (distanceMs === 0) return worker;
  const main = new URL("../naive/distant.workerd.ts", import.meta.url);
  return { ...worker, main, vars: { ...SESSION_SECRETS, DISTANCE_MS: String(distanceMs) } };
}

async function measureThroughput(report: Reporter, workers: ServedWorkers, rounds: number): Promise<void> {
  const names = [NAIVE, TOLD, FAIRLEAD];
  // Both sides get the same: each knows its own cookie and passes the other's on.
  const fields = await withSession(workers.addresses.get(FAIRLEAD)!);
  for (const name of names) await drive(workers.addresses.get(name)!, CONNECTIONS, 2, fields);
  const speeds = new Map(names.map((name) => [name, [] as number[]]));
  const cpu = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const before = cpuMicroseconds(workers.process.pid);
      const load = await drive(workers.addresses.get(name)!, CONNECTIONS, 1, fields);
      cpu.get(name)!.push((cpuMicroseconds(workers.process.pid) - before) / load.requests);
      speeds.get(name)!.push(load.requestsPerSecond);
    }
  }
  const against = (name: string, of: Map<string, number[]>) => paired(of.get(FAIRLEAD)!, of.get(name)!);
  report.table(
    names.map((name) => ({
      who: name,
      "requests/s": median(speeds.get(name)!).toFixed(0),
      "CPU us/request, objects included": median(cpu.get(name)!).toFixed(0),
      "Fairlead's requests/s against it": `${formatSpread(against(name, speeds))} x`,
      "Fairlead's CPU against it": `${formatSpread(against(name, cpu))} x`,
    })),
  );
  report.note(
    `${CONNECTIONS} connections, ${rounds} interleaved rounds: median (quartiles). The textbook design calls three objects a request, and the breaker's next question carries the last outcome; "told" reports each outcome by a fourth call. Both sides have the same rules, the same request fields and an origin that answers at once.`,
  );
  report.figure({
    figure: "requests/s against the textbook design on one machine, 32 connections",
    value: median(against(NAIVE, speeds)),
    unit: "x",
    target: { atLeast: 2 },
  });
}

async function measureDistance(report: Reporter, workers: ServedWorkers, rounds: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const fields = await withSession(workers.addresses.get(FAIRLEAD)!);
    const turn = async (name: string) => {
      const address = workers.addresses.get(name)!;
      const tookMs: number[] = [];
      for (let sent = 0; sent < REQUESTS_A_TURN; sent++) tookMs.push(await timed(address, agent, fields));
      return median(tookMs);
    };
    for (const name of [NAIVE, FAIRLEAD]) await turn(name);
    const naiveMs: number[] = [];
    const ownMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) naiveMs.push(await turn(NAIVE));
      ownMs.push(await turn(FAIRLEAD));
      if (round % 2 === 1) naiveMs.push(await turn(NAIVE));
    }
    const ratios = paired(ownMs, naiveMs);
    report.note(
      `Objects ${DISTANCE_MS} ms away, origin ${ORIGIN_MS} ms, one request after the other: p50 ${median(naiveMs).toFixed(1)} ms for the textbook design, ${median(ownMs).toFixed(1)} ms for Fairlead; ratio ${formatSpread(ratios)}, ${rounds} rounds of ${REQUESTS_A_TURN}.`,
    );
    report.figure({
      figure: `p50 against the textbook design, objects ${DISTANCE_MS} ms away, origin ${ORIGIN_MS} ms`,
      value: median(ratios),
      unit: "x",
      target: { atMost: 0.45 },
    });
  } finally {
    agent.destroy();
  }
}

/** @returns ms until the answer was read to its end */
function timed(address: string, agent: Agent, headers: RequestHeaders): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const startedMs = performance.now();
  get(`http://${address}/articles/42?page=2`, { agent, headers }, (response) => {
    response.resume().on("error", reject);
    response.on("end", () => {
      if (response.statusCode === 200) resolve(performance.now() - startedMs);
      else reject(new Error(`Expected 200 from ${address}, got ${response.statusCode}`));
    });
  }).on("error", reject);
  return promise;
}
