// An origin over its capacity, as the whole planet asks too much of it: real isolates in four places, one set of objects.
import { afterAll, beforeAll, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import { keepBusy, startPlaces, type Places } from "../support/places.ts";
import { startOrigin, type Origin } from "../support/place-origins.ts";

const CAPACITY = 30;

let origins: Origin[];
let places: Places;

beforeAll(async () => {
  origins = await Promise.all([startOrigin(), startOrigin()]);
  const pool = (id: string, priority: number, capacity: number) => ({
    region: "weur" as const,
    priority,
    origins: [{ id, url: `http://127.0.0.1:${origins[priority]!.port}`, capacity }],
  });
  places = await startPlaces(
    4,
    defineConfig({
      services: {
        demo: {
          hosts: ["demo.localhost"],
          pools: { first: pool("first", 0, CAPACITY), second: pool("second", 1, 10_000) },
          steering: { policy: "failover" },
          monitor: { mode: "passive" },
          debugHeaders: true,
        },
      },
    }),
  );
});

afterAll(async () => {
  await places?.stop();
  await Promise.all(origins?.map((origin) => origin.stop()) ?? []);
});

it("spills what is beyond its capacity to the next pool, stays there without swinging, and takes all again", async () => {
  let failed = 0;
  const atMs: Record<string, number[]> = { first: [], second: [] };
  // A place sends some 20 requests a second: two thirds of the capacity, and all four nearly three times of it.
  const busy = places.edges.map((edge) =>
    keepBusy(
      edge,
      ({ status, headers }) => {
        if (status === 200) atMs[headers["fairlead-origin"] as string]!.push(performance.now());
        else failed++;
      },
      36,
    ),
  );
  const startedMs = performance.now();
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const perSecond = (origin: string, fromMs: number, toMs: number) =>
    (atMs[origin]!.filter((ms) => ms >= fromMs && ms < toMs).length * 1_000) / (toMs - fromMs);
  const inLast = (origin: string, ms: number) => perSecond(origin, performance.now() - ms, performance.now());

  // By halves, too: what is kept is where it should be some 18 s after the load came.
  await pause(18_000);
  expect(perSecond("first", startedMs, startedMs + 2_000)).toBeGreaterThan(1.4 * CAPACITY);
  for (let window = 0; window < 2; window++) {
    await pause(6_000);
    expect(inLast("first", 6_000)).toBeGreaterThan(0.75 * CAPACITY);
    expect(inLast("first", 6_000)).toBeLessThan(1.25 * CAPACITY);
  }

  // One place goes on alone: there is room for all of it. That is known after about 12 s, when the hubs that have fallen silent
  // are forgotten, and from then on what is spilled is halved with each report: the last goes elsewhere after some 22 s.
  await Promise.all(busy.slice(1).map(({ stop }) => stop()));
  await pause(4_000);
  await expect.poll(() => inLast("second", 4_000), { timeout: 40_000 }).toBe(0);
  expect(inLast("first", 4_000)).toBeGreaterThan(0.2 * CAPACITY);
  await busy[0]!.stop();
  expect(failed).toBe(0);
}, 120_000);
