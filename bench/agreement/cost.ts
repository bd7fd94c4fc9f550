/** What the agreement costs while nothing happens: calls to Durable Objects and rows written. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker, type WorkerBundle } from "../../demo/worker-bundle.ts";
import type { Config } from "../../src/config/schema.ts";
import { QUIET_SPEED } from "../cost/measure.ts";
import { configFor, startOrigin } from "../../test/support/place-origins.ts";
import { startPlaces, type Edge, type Places } from "../../test/support/places.ts";
import type { HubDescription } from "../../durable-objects/hub-description.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const REGIONS = ["enam", "wnam", "weur", "apac"];
const REQUESTS_PER_SECOND = 1_000;

interface Cost {
  readonly calls: number;
  readonly rows: number;
}

export async function measureCost(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origins = [await startOrigin(), await startOrigin()];
  const directory = await mkdtemp(join(tmpdir(), "fairlead-cost-"));
  try {
    const config = configFor(origins);
    const main = fileURLToPath(new URL("../cost/counted.workerd.ts", import.meta.url));
    const bundle = await bundleWorker(directory, config, main);
    const vars = { SPEED: String(QUIET_SPEED) };
    // Side by side, each with its own workerd: one takes the processor, the other the time.
    await Promise.all([
      withPlaces(config, bundle, {}, (places) => measureCalls(report, places, quick ? 5 : 20)),
      withPlaces(config, bundle, vars, (places) => measureRows(report, places, quick ? 30 : 180)),
    ]);
  } finally {
    await Promise.all(origins.map((origin) => origin.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

async function withPlaces(
  config: Config,
  bundle: WorkerBundle,
  vars: Readonly<Record<string, string>>,
  measure: (places: Places) => Promise<void>,
): Promise<void> {
  const places = await startPlaces(REGIONS.length, config, bundle, vars);
  try {
    await measure(places);
  } finally {
    await places.stop();
  }
}

/** One isolate at 1,000 requests/s, or as near as this machine gets: fewer requests make the calls per request more. */
async function measureCalls(report: Reporter, places: Places, seconds: number): Promise<void> {
  await drive(places.edges.slice(0, 1), REQUESTS_PER_SECOND, 3);
  const before = await costOf(places, ["enam"]);
  const sent = await drive(places.edges.slice(0, 1), REQUESTS_PER_SECOND, seconds);
  const after = await costOf(places, ["enam"]);
  report.note(`one isolate: ${sent} requests in ${seconds} s, ${after.calls - before.calls} Durable Object calls`);
  report.figure({
    figure: "Durable Object calls per 1,000 requests, one isolate at 1,000 requests/s",
    value: ((after.calls - before.calls) * 1_000) / sent,
    unit: "calls",
    target: { atMost: 1 },
  });
}

/**
 * Four regions that together make 1,000 requests/s. Rows depend on time and not on requests (see the second note), so
 * they are counted over minutes of the Worker's clock, which runs faster, and the start is counted once.
 */
async function measureRows(report: Reporter, places: Places, seconds: number): Promise<void> {
  const rate = REQUESTS_PER_SECOND / 4;
  await drive(places.edges, rate / REGIONS.length, 15 / QUIET_SPEED);
  const start = await costOf(places, REGIONS);
  const sent = await drive(places.edges, rate / REGIONS.length, seconds / QUIET_SPEED);
  const end = await costOf(places, REGIONS);
  const steady = ((end.rows - start.rows) * 1_000) / seconds;
  report.note(
    `four regions: ${start.rows} rows to start, ${end.rows - start.rows} in ${seconds} s with ${sent} requests`,
  );
  report.note(
    `1,000,000 requests at 1,000/s take 1,000 s; the load here is a twelfth of that by the Worker's clock, which runs ${QUIET_SPEED} times as fast, since no row depends on a request`,
  );
  report.figure({
    figure: "rows written per 1,000,000 healthy requests at 1,000 requests/s, four regions, alarms counted",
    value: start.rows + steady,
    unit: "rows",
    target: { atMost: 500 },
  });
}

async function costOf(places: Places, hubs: readonly string[]): Promise<Cost> {
  const described = await Promise.all(hubs.map((hub) => places.call<HubDescription>("REGION_HUB", hub, "describe")));
  const control = await places.call<{ rowsWritten: number }>("CONTROL_PLANE", "control-plane", "describe");
  let calls = 0;
  let rows = control.rowsWritten;
  for (const { counters } of described) {
    calls += counters.syncs + counters.reports + counters.contacts + counters.breakerCalls;
    rows += counters.rowsWritten;
  }
  return { calls, rows };
}

/** Sends at a rate from every edge alike. @returns how many were sent */
async function drive(edges: readonly Edge[], perEdgeAndSecond: number, seconds: number): Promise<number> {
  const startedMs = performance.now();
  let sent = 0;
  const work = async (edge: Edge, share: number) => {
    for (let mine = 0; ; mine++) {
      const dueMs = startedMs + (mine * 1_000) / share;
      if (dueMs >= startedMs + seconds * 1_000) return;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (performance.now() - startedMs > seconds * 1_000) return;
      await edge.send();
      sent++;
    }
  };
  const lanes = 16;
  await Promise.all(edges.flatMap((edge) => Array.from({ length: lanes }, () => work(edge, perEdgeAndSecond / lanes))));
  return sent;
}
