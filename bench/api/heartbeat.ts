/** An origin that registered itself and falls silent: how long it still gets requests. */
import { startApiServices } from "../../test/support/api-services.ts";
import { startOrigin } from "../../test/support/place-origins.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const TTL_SECONDS = 3;

/** Beyond this it is not waited for: the figure is not met by far. */
const PATIENCE_MS = 30_000;

export async function measureHeartbeat(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const seen = { lastHitMs: 0 };
  const silent = await startOrigin(() => void (seen.lastHitMs = performance.now()));
  const url = `http://127.0.0.1:${silent.port}`;
  const services = await startApiServices({ registration: { allow: [url] } });
  const beat = (id: string) =>
    services.api.call("config", "POST", "/api/v1/loadbalancer/instances/shop", {
      body: { id, url: `${url}/`, pool: "eu", weight: 20, ttlSeconds: TTL_SECONDS },
    });
  try {
    const outAfterMs: number[] = [];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const id = `silent-${round}`;
      seen.lastHitMs = 0;
      await beat(id);
      const joinedMs = performance.now();
      let heardMs = performance.now();
      // Until it has traffic, it is heard of.
      while (seen.lastHitMs === 0 && performance.now() - joinedMs < PATIENCE_MS) {
        heardMs = performance.now();
        await beat(id);
        for (let sent = 0; sent < 10; sent++) await services.visit("shop.localhost");
      }
      if (seen.lastHitMs === 0) throw new Error("Expected the registered origin to get a request, but it got none");
      // Traffic all the while: what counts is the last request it got.
      while (performance.now() - heardMs < TTL_SECONDS * 1000 + 4_000) await services.visit("shop.localhost");
      outAfterMs.push(seen.lastHitMs - heardMs);
    }
    report.note(
      `heartbeat: TTL ${TTL_SECONDS} s; last request ${outAfterMs.map((ms) => `${(ms / 1000).toFixed(2)} s`).join(", ")} after the last heartbeat`,
    );
    report.figure({
      figure: "registered origin whose heartbeat stopped: out of traffic after its TTL, slowest",
      value: Math.max(...outAfterMs) - TTL_SECONDS * 1000,
      unit: "ms",
      target: { atMost: 2_000 },
    });
  } finally {
    await Promise.all([services.stop(), silent.stop()]);
  }
}
