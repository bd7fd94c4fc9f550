// What limits and levels do together, worldwide: real isolates in four places, one set of objects.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { nameDigest } from "../../src/config/digest.ts";
import { defineConfig } from "../../src/config/define.ts";
import { keyFor } from "../../src/rate-limit/key.ts";
import { limiterScope, limiterText } from "../../src/rate-limit/limiter-name.ts";
import { startFickleOrigin, type FickleOrigin } from "../support/fickle-origin.ts";
import { startPlaces, type Edge, type Places } from "../support/places.ts";

const CAPACITY = 40;

let origins: FickleOrigin[];
let places: Places;

beforeAll(async () => {
  origins = await Promise.all([startFickleOrigin(), startFickleOrigin()]);
  const pool = (id: string, { port }: FickleOrigin) => ({
    region: "weur" as const,
    origins: [{ id, url: `http://127.0.0.1:${port}`, capacity: CAPACITY / 2 }],
  });
  const everyone = (name: string, over: object) => ({
    name,
    match: { paths: [`/${name}`] },
    key: ["constant"],
    limit: 1_000,
    windowSeconds: 60,
    timeoutMs: 5_000,
    ...over,
  });
  places = await startPlaces(
    4,
    defineConfig({
      services: {
        demo: {
          hosts: ["demo.localhost"],
          pools: { one: pool("one", origins[0]!), two: pool("two", origins[1]!) },
          steering: { policy: "round-robin" },
          monitor: { mode: "passive" },
          // A lost origin stays away for as long as its loss is watched, and comes back without many steps.
          breaker: { openSeconds: 10, maxOpenSeconds: 10 },
          ramp: { stepSeconds: 1 },
          priorities: {
            rules: [
              { level: "high", paths: ["/high"] },
              { level: "background", paths: ["/background"] },
            ],
            default: "critical",
          },
          rateLimits: [
            everyone("adapting", { adapt: { signal: "origin-health", floor: 0.2 } }),
            everyone("few", { limit: 3, windowSeconds: 3_600 }),
          ],
        },
      },
    }),
  );
});

afterAll(async () => {
  await places?.stop();
  await Promise.all(origins?.map((origin) => origin.kill()) ?? []);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Requests for a path from a place, one after the other with a pause, until `untilMs`. */
async function keepAsking(edge: Edge, path: string, pauseMs: number, untilMs: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (performance.now() < untilMs) {
    const { status } = await edge.send({ path });
    seen.push({ atMs: performance.now(), status });
    await pause(pauseMs);
  }
  return seen;
}

interface Seen {
  readonly atMs: number;
  readonly status: number;
}

/** A counter of the service, added up over the hubs. */
async function counted(name: string): Promise<number> {
  const hubs = await Promise.all(
    ["enam", "wnam", "weur", "apac"].map((hub) =>
      places.call<{ services: Record<string, Record<string, number>> }>("REGION_HUB", hub, "describe"),
    ),
  );
  return hubs.reduce((sum, { services }) => sum + (services["demo"]?.[name] ?? 0), 0);
}

describe("when all origins together are asked for more than they can do", () => {
  it("the lowest level is turned away, higher ones are served whole, and nothing swings", async () => {
    const startedMs = performance.now();
    const untilMs = startedMs + 28_000;
    const ask = (path: string, pauseMs: number) =>
      Promise.all(places.edges.map((edge) => keepAsking(edge, path, pauseMs, untilMs))).then((seen) => seen.flat());
    const [high, background] = await Promise.all([ask("/high", 250), ask("/background", 45)]);

    expect(high.every(({ status }) => status === 200)).toBe(true);
    expect(background.every(({ status }) => status === 200 || status === 503)).toBe(true);
    const perSecond = (seen: readonly Seen[], fromSecond: number, toSecond: number) =>
      seen.filter(({ atMs }) => atMs >= startedMs + fromSecond * 1_000 && atMs < startedMs + toSecond * 1_000).length /
      (toSecond - fromSecond);
    const served = [...high, ...background].filter(({ status }) => status === 200);
    expect(perSecond([...high, ...background], 0, 28)).toBeGreaterThan(1.2 * CAPACITY);
    expect(perSecond(served, 1, 3)).toBeGreaterThan(CAPACITY);
    for (const second of [10, 16, 22]) {
      expect(perSecond(served, second, second + 6)).toBeLessThan(CAPACITY);
      expect(perSecond(served, second, second + 6)).toBeGreaterThan(0.4 * CAPACITY);
    }
    const shed = background.filter(({ status }) => status === 503);
    const counts = async () => {
      // Reports go up with traffic.
      await Promise.all(places.edges.map((edge) => edge.send()));
      return counted("priority.background.shed");
    };
    await expect.poll(counts, { timeout: 10_000, interval: 200 }).toBe(shed.length);
    expect(await counted("priority.high.shed")).toBe(0);
  }, 60_000);
});

describe("a key that an operator reset", () => {
  it("is let in again in every place, also where its refusal was remembered, and all of it was counted", async () => {
    const statuses = () => Promise.all(places.edges.map(async (edge) => (await edge.send({ path: "/few" })).status));
    await statuses();
    expect(await statuses()).toEqual([429, 429, 429, 429]);

    const scope = limiterScope("demo", { name: "few", algorithm: "sliding-window", windowSeconds: 3_600 });
    const limiter = await nameDigest(limiterText(scope, keyFor("constant", ["constant"])));
    await places.call("RATE_LIMITER", limiter, "reset");
    const override: Override = { kind: "limit-reset", service: "demo", limit: "few", limiter, expiresAtMs: null };
    const change = [{ key: overrideKey(override), value: override }];
    const control = <T>(method: string, ...args: unknown[]) =>
      places.call<T>("CONTROL_PLANE", "control-plane", method, ...args);
    const { version } = await control<{ version: number }>("append", "overrides", change, { actor: "test" });
    expect(await control("confirm", "overrides", version, 6_000)).toMatchObject({ complete: true });

    const after = (await statuses()).toSorted((a, b) => a - b);
    expect(after).toEqual([200, 200, 200, 429]);
    await expect.poll(() => counted("limit.few.admitted"), { timeout: 10_000 }).toBe(6);
    await expect.poll(() => counted("limit.few.refused"), { timeout: 10_000 }).toBe(6);
  }, 30_000);
});

describe("a limit that adapts", () => {
  it("comes down as an origin is lost, in steps and not below its floor, and goes up again after it is back", async () => {
    const edge = places.edges[0]!;
    const limitNow = async () => {
      const { headers } = await edge.send({ path: "/adapting" });
      return Number(/q=(\d+)/.exec(String(headers["ratelimit-policy"]))?.[1]);
    };
    const limitsFor = async (seconds: number) => {
      const limits: number[] = [];
      for (let i = 0; i < seconds * 5; i++) {
        limits.push(await limitNow());
        await pause(200);
      }
      return limits;
    };
    expect(await limitNow()).toBe(1_000);
    await origins[0]!.kill();
    const falling = await limitsFor(9);
    expect(Math.min(...falling)).toBeLessThan(600);
    expect(Math.min(...falling)).toBeGreaterThanOrEqual(200);
    falling.slice(1).forEach((limit, i) => expect(limit).toBeGreaterThan(falling[i]! - 150));
    await origins[0]!.restore();
    let recovered = 0;
    for (let i = 0; i < 400 && recovered < 620; i++) {
      recovered = await limitNow();
      await pause(200);
    }
    expect(recovered).toBeGreaterThanOrEqual(620);
  }, 120_000);
});
