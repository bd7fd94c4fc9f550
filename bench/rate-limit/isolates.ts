/** Twelve real isolates on plain workerd, one set of Durable Objects, one key, ten times the limit. */
import { defineConfig } from "../../src/config/define.ts";
import { hammer } from "../../test/support/hammer.ts";
import { certainlyOver } from "../../demo/certainly-over.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { startOrigin } from "../../test/support/place-origins.ts";
import type { Reporter, Row, TopicOptions } from "../figure.ts";

const HOST = "limits.test";
const LIMIT = 100;
const WINDOW_MS = 3_000;

const CASES = [
  { algorithm: "sliding-window", mode: "leased", most: LIMIT },
  { algorithm: "sliding-window", mode: "exact", most: LIMIT },
  { algorithm: "sliding-log", mode: "leased", most: LIMIT },
  // In any time of a window's length a bucket may spend its burst and what it refills; a fixed window, two windows' worth.
  { algorithm: "token-bucket", mode: "leased", most: 2 * LIMIT },
  { algorithm: "fixed-window", mode: "leased", most: 2 * LIMIT },
] as const;

export async function measureIsolates(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const origin = await startOrigin();
  const url = `http://127.0.0.1:${origin.port}`;
  const config = defineConfig({
    services: {
      limited: {
        hosts: [HOST],
        pools: { p: { region: "weur", origins: [{ id: "o1", url }] } },
        rateLimits: CASES.map(({ algorithm, mode }) => ({
          name: `${algorithm}-${mode}`,
          match: { paths: [`/${algorithm}-${mode}`] },
          key: ["constant"],
          limit: LIMIT,
          windowSeconds: WINDOW_MS / 1_000,
          algorithm,
          mode,
          onError: "deny" as const,
          timeoutMs: 2_000,
        })),
      },
    },
  });
  const workerd = await startWorkerd({ config, edges: 12 });
  const rows: Row[] = [];
  try {
    const windows = quick ? 2 : 3;
    for (const { algorithm, mode, most } of CASES) {
      const path = `/${algorithm}-${mode}`;
      const answers = await hammer(workerd.edgePorts, (10 * LIMIT * 1_000) / WINDOW_MS, windows * WINDOW_MS, {
        host: HOST,
        path,
      });
      const passed = answers.filter(({ status }) => status === 200);
      const over = certainlyOver(passed, most, WINDOW_MS);
      const promised = (windows + (most === LIMIT ? 0 : 1)) * LIMIT;
      const share = (passed.length * 100) / promised;
      rows.push({
        algorithm,
        mode,
        asked: answers.length,
        admitted: passed.length,
        "over limit": over,
        "of limit %": share,
      });
      report.figure({
        figure: `admitted over limit, ${algorithm}, ${mode}, 12 isolates at 10x (workerd)`,
        value: over,
        unit: "requests",
        target: { equals: 0 },
      });
      if (mode === "leased" && algorithm === "sliding-window")
        report.figure({
          figure: "admitted at 10x demand, leased (workerd)",
          value: share,
          unit: "% of limit",
          target: { atLeast: 97 },
        });
    }
  } finally {
    await Promise.all([workerd.stop(), origin.stop()]);
  }
  report.table(rows);
}
