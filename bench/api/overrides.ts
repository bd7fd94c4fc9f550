/** Overrides over HTTP while twelve places are busy: how soon one is answered as complete, and whether that is true. */
import { keepBusy, type Edge } from "../../test/support/places.ts";
import { startApiServices, type ApiServices } from "../../test/support/api-services.ts";
import { PLACES } from "../../demo/places.ts";
import { send } from "../../demo/client.ts";
import { quantile } from "../agreement/quantile.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const EDGES = 12;

export async function measureOverrides(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const services = await startApiServices({ regions: ["enam", "wnam", "weur", "apac"] }, EDGES);
  try {
    await measure(report, services, quick ? 6 : 30);
  } finally {
    await services.stop();
  }
}

/** Drains eu1 and takes it back, again and again. */
async function measure(report: Reporter, { api }: ApiServices, rounds: number): Promise<void> {
  const places = Object.values(PLACES);
  const edges = api.workerd.edgePorts.map((port, index): Edge => {
    const place = places[index % places.length]!;
    return { place, send: (options = {}) => send({ port, place, host: "shop.localhost", ...options }) };
  });
  let drainedSinceMs = Infinity;
  let decided = 0;
  let against = 0;
  const busy = edges.map((edge) =>
    keepBusy(
      edge,
      (answer, sentAtMs) => {
        if (sentAtMs < drainedSinceMs) return;
        decided++;
        if (answer.headers["fairlead-origin"] === "eu1") against++;
      },
      30,
    ),
  );
  await pause(3_000);
  const tookMs: number[] = [];
  let incomplete = 0;
  const change = async (verb: "drain" | "enable") => {
    const startedMs = performance.now();
    const path = `/api/v1/loadbalancer/instances/shop/eu1/${verb}`;
    const { status, body } = await api.call<{ complete: boolean }>("operate", "POST", path, { body: {} });
    if (status !== 200) throw new Error(`Expected the ${verb} to be made, got ${status}: ${JSON.stringify(body)}`);
    tookMs.push(performance.now() - startedMs);
    if (!body.complete) incomplete++;
    return body.complete;
  };
  for (let round = 0; round < rounds; round++) {
    if (await change("drain")) drainedSinceMs = performance.now();
    await pause(400);
    drainedSinceMs = Infinity;
    // Requests on their way were sent while it was drained.
    await pause(200);
    await change("enable");
    await pause(200);
  }
  await Promise.all(busy.map(({ stop }) => stop()));
  report.note(
    `overrides: ${tookMs.length} changes under ${EDGES} busy edge Workers, ${incomplete} not complete within 8 s; p99 ${quantile(tookMs, 0.99).toFixed(0)} ms; ${decided} requests sent after a drain was answered as complete`,
  );
  report.figure({
    figure: "override answered as complete, 12 busy edge Workers, p50",
    value: quantile(tookMs, 0.5),
    unit: "ms",
    target: { atMost: 250 },
  });
  report.figure({
    figure: "requests received afterwards and decided against it",
    value: decided === 0 ? Number.NaN : against,
    unit: "requests",
    target: { equals: 0 },
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
