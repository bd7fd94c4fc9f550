/** Durable Object calls of a service whose sessions are in cookies, counted by the objects themselves. */
import { AFFINITY_SHARDS, affinityShardName, type SessionStatistics } from "../../src/affinity/messages.ts";
import { browserJar, startFleet } from "../../test/support/session-fleet.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const BROWSERS = 32;
const REGIONS = ["enam", "wnam", "weur", "apac"];

export async function measureCalls(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const requests = quick ? 4_000 : 20_000;
  const fleet = await startFleet({
    shop: { affinity: { cookie: { name: "fairlead", secure: false } }, debugHeaders: false },
  });
  try {
    const cookies = await Promise.all(
      Array.from({ length: BROWSERS }, async () => {
        const jar = browserJar();
        await fleet.browse(jar, "shop");
        return jar.getCookieString("https://shop.test/");
      }),
    );
    const calls = async () => {
      const hubs = await Promise.all(
        REGIONS.map((region) =>
          fleet.call<{ counters: { syncs: number; reports: number } }>("REGION_HUB", region, "describe"),
        ),
      );
      return hubs.reduce((sum, { counters }) => sum + counters.syncs + counters.reports, 0);
    };
    const before = await calls();
    const startedMs = performance.now();
    let sent = 0;
    let fresh = 0;
    await Promise.all(
      cookies.map(async (Cookie) => {
        while (sent < requests) {
          sent++;
          const { status, headers } = await fleet.ask("shop", { headers: { Cookie } });
          if (status !== 200) throw new Error(`Expected status 200, got ${status}`);
          if ((headers["set-cookie"] ?? []).some((field) => field.startsWith("fairlead="))) fresh++;
        }
      }),
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    const made = (await calls()) - before;
    const bound = await Promise.all(
      Array.from({ length: AFFINITY_SHARDS }, (_, index) =>
        fleet.call<SessionStatistics>("SESSION_AFFINITY", affinityShardName(index), "statistics"),
      ),
    );
    const created = bound.reduce((sum, shard) => sum + shard.created, 0);
    report.note(
      `${sent} requests of ${BROWSERS} browsers in ${seconds.toFixed(1)} s: ${made} calls, all of them syncs and reports to hubs; ${created} sessions in SessionAffinity; ${fresh} cookies set anew`,
    );
    report.figure({
      figure: "Durable Object calls per 1,000 requests, cookie mode, steady",
      value: (made * 1_000) / sent,
      unit: "calls",
      target: { atMost: 1 },
    });
  } finally {
    await fleet.stop();
  }
}
