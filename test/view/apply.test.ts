import { describe, expect, it } from "vitest";
import type { Override } from "../../src/agreement/override.ts";
import type { OriginReading, ViewDelta } from "../../src/agreement/protocol.ts";
import { configSchema } from "../../src/config/schema.ts";
import { noSyncs } from "../../src/telemetry/sync-counters.ts";
import { openView } from "../../src/view/region-view.ts";
import { ViewSubjects } from "../../src/view/apply.ts";

const config = configSchema.parse({
  services: {
    demo: {
      hosts: ["demo.localhost"],
      pools: { eu: { region: "weur", origins: [{ id: "euw1", url: "http://127.0.0.1:9103", weight: 4 }] } },
    },
  },
});

function setUp() {
  const view = openView(config, "weur", {
    base: "base",
    isolate: "isolate",
    hubNamed: () => {
      throw new Error("no hub in this test");
    },
    counters: noSyncs(),
    clock: () => 0,
    random: () => 0.5,
  });
  const service = view.services.get("demo")!;
  const origin = service.pools[0]!.origins[0]!;
  const subjects = new ViewSubjects([service]);
  service.validUntilMs = Infinity;
  return { service, origin, subjects };
}

const drain = (expiresAtMs = Infinity): Override => ({
  kind: "administrative",
  origin: "euw1",
  state: "draining",
  expiresAtMs,
});
const laid = (value: Override | null, from: number | null = 0): ViewDelta => ({
  overrides: { from, to: 1, entries: [{ key: "administrative/euw1", version: 1, value }] },
});

const READING: OriginReading = {
  breaker: "closed",
  admission: 1,
  healthy: true,
  latencyMs: 40,
  latencySamples: 10,
  latencyAgeMs: 500,
  inFlight: 7,
  load: 3,
};
const read = (over: Partial<OriginReading>): ViewDelta => ({
  origins: { from: 0, to: 1, entries: [{ key: "euw1", version: 1, value: { ...READING, ...over } }] },
});

describe("what a hub brought", () => {
  it("drains an origin while the override stands", () => {
    const { service, origin, subjects } = setUp();
    subjects.apply(laid(drain()), 1_000);
    expect(origin.administrative).toBe("draining");
    expect(service.validUntilMs).toBe(0);
    subjects.apply(laid(null), 1_000);
    expect(origin.administrative).toBe("enabled");
  });

  it("drops an override when its time has passed, without being told", () => {
    const { origin, subjects } = setUp();
    subjects.apply(laid(drain(5_000)), 1_000);
    subjects.expire(4_999);
    expect(origin.administrative).toBe("draining");
    subjects.expire(5_000);
    expect(origin.administrative).toBe("enabled");
  });

  it("drops every override that is not in a whole section", () => {
    const { origin, subjects } = setUp();
    subjects.apply(laid(drain()), 1_000);
    subjects.apply({ overrides: { from: null, to: 9, entries: [] } }, 2_000);
    expect(origin.administrative).toBe("enabled");
  });

  it("sets a weight and gives the configured one back", () => {
    const { origin, subjects } = setUp();
    const weight: Override = { kind: "weight", origin: "euw1", weight: 9, expiresAtMs: Infinity };
    subjects.apply(laid(weight), 0);
    expect(origin.weight).toBe(9);
    subjects.apply(laid(null), 0);
    expect(origin.weight).toBe(4);
  });

  it("ignores an override for an origin that this isolate does not have", () => {
    const { origin, subjects } = setUp();
    subjects.apply(laid({ ...drain(), kind: "administrative", origin: "gone", state: "disabled" }), 0);
    expect(origin.administrative).toBe("enabled");
  });

  it("takes over the breaker's word, health and admission", () => {
    const { service, origin, subjects } = setUp();
    subjects.apply(read({ breaker: "open", healthy: false, admission: 0.3 }), 1_000);
    expect(origin).toMatchObject({ breaker: "open", healthy: false, admission: 0.3 });
    expect(service.validUntilMs).toBe(0);
  });

  it("forgets its own run of failures when the breaker changes its phase, and only then", () => {
    const { service, origin } = setUp();
    const changed: string[] = [];
    const subjects = new ViewSubjects([service], (id) => void changed.push(id));
    const read = (breaker: OriginReading["breaker"], version: number) =>
      subjects.apply(
        { origins: { from: 0, to: version, entries: [{ key: "euw1", version, value: { ...READING, breaker } }] } },
        1_000,
      );
    origin.failureRun = 4;
    read("closed", 1);
    expect(origin.failureRun).toBe(4);
    read("open", 2);
    expect(origin.failureRun).toBe(0);
    expect(changed).toEqual(["euw1"]);
  });

  it("prefers its own fresh measurement to the region's, and the region's to none", () => {
    const { origin, subjects } = setUp();
    subjects.apply(read({}), 100_000);
    expect(origin).toMatchObject({ latencyMs: 40, latencyAtMs: 99_500 });
    Object.assign(origin, { latencyMs: 12, latencyAtMs: 99_900 });
    subjects.apply(read({}), 100_000);
    expect(origin.latencyMs).toBe(12);
    subjects.apply(read({ latencyMs: 33 }), 120_000);
    expect(origin.latencyMs).toBe(33);
  });

  it("gives a pool that was not measured here its region's latency, and leaves one that was alone", () => {
    const { service, subjects } = setUp();
    const pool = service.pools.find(({ origins }) => origins.some(({ id }) => id === "euw1"))!;
    subjects.apply(read({}), 100_000);
    expect(pool).toMatchObject({ latencyMs: 40, latencyAtMs: 99_500, latencySamples: 10 });
    Object.assign(pool, { latencyMs: 12, latencyAtMs: 109_900 });
    subjects.apply(read({ latencyMs: 33 }), 110_000);
    expect(pool.latencyMs).toBe(12);
  });

  it("counts what the region's other isolates have in flight, once", () => {
    const { origin, subjects } = setUp();
    origin.inFlight = 2;
    subjects.apply(read({ inFlight: 7 }), 0);
    expect(origin.inFlight).toBe(7);
    expect(subjects.inFlightHere("euw1")).toBe(2);
    origin.inFlight--;
    subjects.apply(read({ inFlight: 7 }), 0);
    expect(subjects.inFlightHere("euw1")).toBe(1);
    expect(origin.inFlight).toBe(7);
  });
});
