/** One isolate on its own evidence: how many requests a failing origin gets after it has failed often enough. */
import { createServer } from "node:http";
import { freePort } from "../../demo/ports.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Reporter } from "../figure.ts";

const THRESHOLD = 5;
const REQUESTS = 100;

export async function measureLocalEjection(report: Reporter): Promise<void> {
  let received = 0;
  const [failingPort, goodPort] = [await freePort(), await freePort()];
  const failing = createServer((_, response) => {
    received++;
    response.writeHead(503).end();
  });
  const good = createServer((_, response) => void response.end("ok"));
  await Promise.all([listening(failing, failingPort), listening(good, goodPort)]);
  const worker = await startWorkerd({
    config: defineConfig({
      admin: { hosts: ["admin.localhost"] },
      services: {
        s: {
          hosts: ["127.0.0.1"],
          steering: { policy: "failover" },
          breaker: { consecutiveFailures: THRESHOLD },
          monitor: { mode: "passive" }, // Probes would count as requests received.
          pools: {
            failing: pool("failing", "enam", 0, failingPort),
            good: pool("good", "weur", 1, goodPort),
          },
        },
      },
    }),
  });
  try {
    let errors = 0;
    const startedMs = performance.now();
    for (let i = 0; i < REQUESTS; i++) {
      const answer = await fetch(`http://127.0.0.1:${worker.port}/`);
      await answer.arrayBuffer();
      if (answer.status !== 200) errors++;
    }
    report.note(
      `one isolate: ${received} of ${REQUESTS} requests in ${(performance.now() - startedMs).toFixed(0)} ms reached the failing origin; clients saw ${errors} errors`,
    );
    report.figure({
      figure: "from the first failure to no further attempts from that isolate, beyond the threshold of 5",
      value: Math.max(0, received - THRESHOLD),
      unit: "requests",
      target: { atMost: 1 },
    });
  } finally {
    await worker.stop();
    failing.close();
    good.close();
  }
}

function pool(id: string, region: "enam" | "weur", priority: number, port: number) {
  return { region, priority, origins: [{ id, url: `http://127.0.0.1:${port}` }] };
}

function listening(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}
