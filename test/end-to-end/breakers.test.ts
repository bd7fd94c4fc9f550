// Breakers across places: real isolates, real Durable Objects, origins that really fail.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Witness } from "../../src/agreement/protocol.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import type { OriginInspection } from "../../src/resilience/origin-history.ts";
import { defineConfig } from "../../src/config/define.ts";
import { until } from "../support/api.ts";
import { startFickleOrigin, type FickleOrigin } from "../support/fickle-origin.ts";
import { keepBusy, startPlaces, type Places } from "../support/places.ts";

let first: FickleOrigin;
let second: FickleOrigin;
let places: Places;
let errors: string[];
let servedBy: Map<string, string>;
let busy: { stop: () => Promise<void> }[];

const inspect = () => places.call<OriginInspection>("ORIGIN_BREAKER", "first", "inspect");
const transitions = async () =>
  (await inspect()).transitions.map(({ scope, from, to }) => `${scope}: ${from} to ${to}`);
/** All in one text, so that a failure shows all of them. */
const story = async () => (await transitions()).join("; ");
async function regionsWithTraffic(): Promise<number> {
  const regions = ["enam", "wnam", "weur", "apac"];
  const told = await Promise.all(regions.map((hub) => places.call<Witness>("REGION_HUB", hub, "witness", "first")));
  return told.filter(({ successes }) => successes > 0).length;
}
/** A count that has stood still for a moment: what was on its way has arrived. */
async function still(count: () => number): Promise<number> {
  for (;;) {
    const seen = count();
    await sleep(200);
    if (count() === seen) return seen;
  }
}
/** Which origins serve now, by the city of the client. */
const now = () => Object.fromEntries(servedBy);
const everywhere = (origin: string) => ({
  Frankfurt: origin,
  "New York": origin,
  "San Francisco": origin,
  Tokyo: origin,
});

beforeEach(async () => {
  [first, second] = [await startFickleOrigin(20), await startFickleOrigin()];
  const pool = (id: string, region: string, priority: number, { port }: FickleOrigin) => ({
    region: region as "enam",
    priority,
    origins: [{ id, url: `http://127.0.0.1:${port}` }],
  });
  const config = defineConfig({
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: { first: pool("first", "enam", 0, first), second: pool("second", "weur", 1, second) },
        steering: { policy: "failover" },
        breaker: { openSeconds: 2, maxOpenSeconds: 4, slowMs: 250, slowRatio: 0.5 },
        ramp: { stepSeconds: 0.5 },
        monitor: { intervalSeconds: 1, consecutiveDown: 2, mode: "passive" },
        debugHeaders: true,
      },
    },
  });
  places = await startPlaces(4, config);
  errors = [];
  servedBy = new Map();
  busy = places.edges.map((edge) =>
    keepBusy(
      edge,
      (answer) => {
        if (answer.status !== 200) errors.push(`${answer.status} ${String(answer.headers["fairlead-attempts"])}`);
        servedBy.set(edge.place.city, String(answer.headers["fairlead-origin"]));
      },
      10,
    ),
  );
  // Every hub has heard that its region has traffic there.
  await until(async () => (await regionsWithTraffic()) === 4);
});

afterEach(async () => {
  await Promise.all(busy.map(({ stop }) => stop()));
  await places.stop();
  await Promise.all([first.kill(), second.kill()]);
});

describe("an origin that fails for everybody", () => {
  it("is left by the planet, tried by three requests at once at most, ramped, and kept; no client notices", async () => {
    first.failFor(() => true);
    await vi.waitFor(async () => expect(await story()).toContain("world: closed to open"), 10_000);
    await vi.waitFor(() => expect(now()).toEqual(everywhere("second")), LEASE_MS);
    const before = await still(() => first.received());
    // Until it is tried.
    for (let received = before; !(await story()).includes("world: open to half-open"); await sleep(50)) {
      expect(received).toBe(before);
      received = first.received();
    }

    await vi.waitFor(async () => expect(await story()).toContain("world: half-open to open"), 15_000);
    expect(first.received() - before).toBeLessThanOrEqual(3);

    first.failFor(() => false);
    await vi.waitFor(async () => expect(await story()).toContain("world: half-open to closed"), 15_000);
    expect((await inspect()).states["weur"]).toMatchObject({ breaker: "closed" });
    await vi.waitFor(async () => expect((await inspect()).states["weur"]).toMatchObject({ admission: 1 }), 15_000);
    await vi.waitFor(() => expect(now()).toEqual(everywhere("first")), LEASE_MS);
    expect(errors).toEqual([]);
  });
});

describe("an origin that answers, but too slowly", () => {
  it("is left like one that fails, once half of the window's answers were slow", async () => {
    first.answerAfter(400);
    // Enough of them for a ratio, although each takes its time.
    busy.push(...places.edges.flatMap((edge) => Array.from({ length: 6 }, () => keepBusy(edge, () => undefined, 0))));
    await vi.waitFor(async () => expect(await story()).toContain("world: closed to open"), 20_000);
    expect((await inspect()).transitions[0]!.reason).toMatch(/^\d+ of \d+ requests were slow$/);
    await vi.waitFor(() => expect(now()).toEqual(everywhere("second")), LEASE_MS);
    expect(errors).toEqual([]);
  });
});

describe("a path that is broken from one region", () => {
  it("costs that region the origin, and nobody else", async () => {
    first.failFor((fromRegion) => fromRegion === "weur");
    await vi.waitFor(async () => expect(await story()).toContain("weur: closed to open"), 10_000);
    await vi.waitFor(() => expect(now()).toEqual({ ...everywhere("first"), Frankfurt: "second" }), LEASE_MS);
    await sleep(3_000);
    expect((await transitions()).filter((line) => !line.startsWith("weur"))).toEqual([]);
    expect(errors).toEqual([]);
  });
});
