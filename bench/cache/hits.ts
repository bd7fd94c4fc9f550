/** How fast hits are beside a bare pass-through in the same workerd, interleaved. */
import { get } from "node:http";
import { drive, hasWrk, REQUEST_HEADERS } from "../hot-path/wrk.ts";
import { formatSpread, median } from "../statistics.ts";
import { serveWorkers } from "../workerd.ts";
import { startBenchOrigin } from "../hot-path/start-origin.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const CONNECTIONS = 32;
const ROUNDS = 15;
const QUICK_ROUNDS = 4;
const WARM_UP_SECONDS = 2;

const config = defineConfig({
  services: {
    bench: {
      hosts: ["bench.test"],
      pools: { p: { region: "enam", origins: [{ id: "o", url: "http://origin.test" }] } },
      // The origin is that of the hot path and says no-store; the load carries cookies, as browsers do.
      cache: { rules: [{ mode: "force", ttlSeconds: 3600, ignoreCookies: true }] },
    },
  },
});

/** @throws Error without wrk: a slower client would be what is measured */
export async function measureHits(report: Reporter, { quick }: TopicOptions): Promise<void> {
  if (!(await hasWrk())) throw new Error("Expected wrk to be installed (bench/install-peers.sh), found none");
  const origin = await startBenchOrigin();
  try {
    const bare = { name: "pass-through", file: new URL("../hot-path/pass-through.ts", import.meta.url) };
    const workers = await serveWorkers([bare, { name: "fairlead", fairlead: config }], origin.port);
    try {
      const [bareAddress, ownAddress] = [workers.addresses.get("pass-through")!, workers.addresses.get("fairlead")!];
      for (const address of [bareAddress, ownAddress]) await drive(address, CONNECTIONS, WARM_UP_SECONDS);
      await expectHit(ownAddress);
      const ratios: number[] = [];
      const speeds: { bare: number; hit: number }[] = [];
      for (let round = 0; round < (quick ? QUICK_ROUNDS : ROUNDS); round += 1) {
        const first = round % 2 === 0 ? bareAddress : ownAddress;
        const second = first === bareAddress ? ownAddress : bareAddress;
        const loads = [await drive(first, CONNECTIONS, 1), await drive(second, CONNECTIONS, 1)].map(
          (load) => load.requestsPerSecond,
        );
        const [bareSpeed, hitSpeed] = first === bareAddress ? [loads[0]!, loads[1]!] : [loads[1]!, loads[0]!];
        speeds.push({ bare: bareSpeed, hit: hitSpeed });
        ratios.push(hitSpeed / bareSpeed);
      }
      report.note(
        `1 KiB answers over ${CONNECTIONS} connections: ${median(speeds.map(({ hit }) => hit)).toFixed(0)} hits/s, ${median(speeds.map(({ bare: speed }) => speed)).toFixed(0)} pass-throughs/s; ratio ${formatSpread(ratios)}.`,
      );
      report.figure({
        figure: "memory hit against a bare pass-through, requests/s",
        value: median(ratios),
        unit: "x",
        target: { atLeast: 1.4 },
      });
    } finally {
      await workers.stop();
    }
  } finally {
    await origin.stop();
  }
}

/** @throws Error when what is measured as a hit is none */
async function expectHit(address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get(`http://${address}/articles/42?page=2`, { headers: REQUEST_HEADERS }, (response) => {
    response.resume();
    resolve(String(response.headers["cache-status"]));
  }).on("error", reject);
  const status = await promise;
  if (!status.startsWith("Fairlead; hit")) throw new Error(`Expected a hit, got Cache-Status: ${status}`);
}
