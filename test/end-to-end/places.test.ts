import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { configFor, startOrigin, type Origin } from "../support/place-origins.ts";
import { keepBusy, startPlaces, type Places } from "../support/places.ts";

interface Confirmation {
  readonly complete: boolean;
  /** null: Infinity, in JSON. */
  readonly effectiveWithinMs: number | null;
  readonly hubs: { readonly confirmed: number; readonly total: number };
}

const PLACES = 12;
const HUBS = ["enam", "wnam", "weur", "apac"];

let origins: Origin[];
let places: Places;
let latest: (string | undefined)[];
let busy: { stop: () => Promise<void> }[];

const control = <T>(method: string, ...args: unknown[]) =>
  places.call<T>("CONTROL_PLANE", "control-plane", method, ...args);

async function drain(isDrained: boolean): Promise<number> {
  const override: Override = {
    kind: "administrative",
    origin: "first",
    state: "draining",
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const { version } = await control<{ version: number }>(
    "append",
    "overrides",
    [{ key: overrideKey(override), value: isDrained ? override : null }],
    { actor: "test" },
  );
  return version;
}

const confirm = (version: number, waitMs: number) => control<Confirmation>("confirm", "overrides", version, waitMs);
const pause = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A request from every place; where each was sent. */
const everywhere = async () =>
  Promise.all(places.edges.map(async (edge) => (await edge.send()).headers["fairlead-origin"]));

beforeAll(async () => {
  origins = [await startOrigin(), await startOrigin()];
  places = await startPlaces(PLACES, configFor(origins));
  latest = [];
  busy = places.edges.map((edge, index) =>
    keepBusy(edge, (answer) => (latest[index] = answer.headers["fairlead-origin"] as string | undefined), 25),
  );
  await places.leased(PLACES);
});

afterAll(async () => {
  await Promise.all(busy.map(({ stop }) => stop()));
  await places.stop();
  await Promise.all(origins.map((origin) => origin.stop()));
});

describe("twelve places", () => {
  it("decide by a view that a hub keeps fresh", async () => {
    const answer = await places.edges[0]!.send();
    expect(answer.headers["fairlead-decision"]).toMatch(/view-age=\d+ms/);
    expect(await control<unknown[]>("hubs")).toHaveLength(4);
  });

  it("all follow a change by the time it is confirmed, which is a moment later", async () => {
    const startedMs = performance.now();
    const confirmation = await confirm(await drain(true), 8_000);
    expect(confirmation).toMatchObject({ complete: true, hubs: { confirmed: 4, total: 4 } });
    // Because all have it, and not because the leases of those that have not ran out.
    expect(performance.now() - startedMs).toBeLessThan(LEASE_MS);
    expect(new Set(await everywhere())).toEqual(new Set(["second"]));
    await confirm(await drain(false), 8_000);
    expect(new Set(await everywhere())).toEqual(new Set(["first"]));
  });

  it("are waited for until the lease of one that died has run out", async () => {
    const request = { protocol: 1, isolate: "dead", region: "enam", have: null, report: null, lease: false };
    await places.call("REGION_HUB", "enam", "sync", request);
    const version = await drain(true);
    const early = await confirm(version, 300);
    expect(early.complete).toBe(false);
    expect(early.effectiveWithinMs).toBeLessThanOrEqual(5_250);
    expect(early.hubs).toEqual({ confirmed: 3, total: 4 });
    const startedMs = performance.now();
    expect((await confirm(version, 8_000)).complete).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(5_500);
    await confirm(await drain(false), 8_000);
  });

  it("cost few calls: what isolates see goes up with the calls that bring changes down", async () => {
    const calls = async () => {
      const hubs = await Promise.all(
        HUBS.map((name) =>
          places.call<{ counters: { syncs: number; reports: number }; services: Record<string, { requests: number }> }>(
            "REGION_HUB",
            name,
            "describe",
          ),
        ),
      );
      return {
        calls: hubs.reduce((sum, { counters }) => sum + counters.syncs + counters.reports, 0),
        requests: hubs.reduce((sum, { services }) => sum + (services["demo"]?.requests ?? 0), 0),
      };
    };
    const startedMs = performance.now();
    const before = await calls();
    await pause(4_000);
    const after = await calls();
    const tookMs = performance.now() - startedMs;
    // A call every two seconds for each isolate, and one that was due.
    expect(after.calls - before.calls).toBeLessThanOrEqual(PLACES * (tookMs / 2_000 + 1));
    expect(after.requests - before.requests).toBeGreaterThan(after.calls - before.calls);
  });

  it("say honestly how long a change takes while a hub is away, and follow when it is back", async () => {
    // Another instance takes the place of the hub in apac: that one stops granting leases and starts anew.
    await control("contact", {
      hub: "apac",
      region: "apac",
      instance: "impostor",
      register: true,
      have: null,
      isolates: 0,
    });
    const version = await drain(true);
    const confirmation = await confirm(version, 1_000);
    expect(confirmation.complete).toBe(false);
    expect(confirmation.effectiveWithinMs).toBeGreaterThan(5_000);
    expect(confirmation.effectiveWithinMs).toBeLessThanOrEqual(35_250);
    await expect.poll(async () => new Set(await everywhere()), { timeout: 10_000 }).toEqual(new Set(["second"]));
    expect(latest.filter((origin) => origin === undefined)).toEqual([]);
  });
});
