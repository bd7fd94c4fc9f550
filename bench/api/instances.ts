/** Listing a thousand origins. */
import { startApi } from "../../test/support/api.ts";
import { quantile } from "../agreement/quantile.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const ORIGINS = 1_000;

export async function measureInstances(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origins = Array.from({ length: ORIGINS }, (_, index) => ({
    id: `web-${index}`,
    url: `https://web-${index}.example.com`,
    labels: { tier: index % 2 === 0 ? "gold" : "lead" },
  }));
  const api = await startApi({
    services: {
      big: { hosts: ["big.localhost"], monitor: { mode: "passive" }, pools: { all: { region: "weur", origins } } },
    },
  });
  try {
    const tookMs: number[] = [];
    for (let round = 0; round < (quick ? 20 : 100); round++) {
      const startedMs = performance.now();
      const { status, body } = await api.call<{ instances: unknown[] }>(
        "read",
        "GET",
        `/api/v1/loadbalancer/instances?limit=${ORIGINS}`,
      );
      tookMs.push(performance.now() - startedMs);
      if (status !== 200 || body.instances.length !== ORIGINS)
        throw new Error(`Expected ${ORIGINS} origins, got ${status} and ${body.instances?.length}`);
    }
    report.note(`instances: p99 ${quantile(tookMs, 0.99).toFixed(1)} ms, the first call ${tookMs[0]!.toFixed(1)} ms`);
    report.figure({
      figure: "instances listed, 1,000 origins, p50",
      value: quantile(tookMs, 0.5),
      unit: "ms",
      target: { atMost: 50 },
    });
  } finally {
    await api.stop();
  }
}
