/** Origins killed and restored one after the other under traffic from four places: what clients see of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { defineConfig } from "../../src/config/define.ts";
import { startFickleOrigin } from "../../test/support/fickle-origin.ts";
import { keepBusy, startPlaces } from "../../test/support/places.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const REQUESTS = 10_000;
const CLIENTS_A_PLACE = 4;
const REGIONS = ["enam", "wnam", "weur", "apac"] as const;
/** How long an origin is away, and how long all are well before the next goes, ms. */
const AWAY_MS = 2_500;
const WELL_MS = 1_500;

export async function measureKilledInTurn(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const wanted = quick ? 2_000 : REQUESTS;
  const origins = await Promise.all(REGIONS.map(() => startFickleOrigin()));
  const places = await startPlaces(
    REGIONS.length,
    defineConfig({
      services: {
        demo: {
          hosts: ["demo.localhost"],
          pools: Object.fromEntries(
            REGIONS.map((region, i) => [
              region,
              { region, origins: [{ id: region, url: `http://127.0.0.1:${origins[i]!.port}` }] },
            ]),
          ),
          breaker: { openSeconds: 1, maxOpenSeconds: 2 },
          ramp: { stepSeconds: 0.1 },
          debugHeaders: true,
        },
      },
    }),
  );
  const failures = new Map<string, number>();
  const seen = { requests: 0 };
  let kills = 0;
  try {
    const busy = places.edges.flatMap((edge) =>
      Array.from({ length: CLIENTS_A_PLACE }, () =>
        keepBusy(
          edge,
          (answer) => {
            seen.requests++;
            if (answer.status === 200 && answer.error === undefined) return;
            const what = `${answer.error ?? answer.status} (${String(answer.headers["fairlead-attempts"] ?? "")})`;
            failures.set(what, (failures.get(what) ?? 0) + 1);
          },
          5,
        ),
      ),
    );
    await sleep(WELL_MS);
    for (; seen.requests < wanted || kills < origins.length; kills++) {
      const origin = origins[kills % origins.length]!;
      await origin.kill();
      await sleep(AWAY_MS);
      await origin.restore();
      await sleep(WELL_MS);
    }
    await Promise.all(busy.map(({ stop }) => stop()));
  } finally {
    await places.stop();
    await Promise.all(origins.map((origin) => origin.kill()));
  }
  report.note(
    `${seen.requests} GETs from ${REGIONS.length} places, ${kills} kills; failures: ${JSON.stringify(Object.fromEntries(failures))}`,
  );
  report.figure({
    figure: "idempotent requests that fail at the client while any origin is healthy (10,000 requests, 4 places)",
    value: [...failures.values()].reduce((sum, count) => sum + count, 0),
    unit: "requests",
    target: { equals: 0 },
  });
}
