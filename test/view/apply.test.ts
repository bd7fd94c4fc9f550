import { describe, expect, it } from "vitest";
import type { Override } from "../../src/agreement/override.ts";
import type { OriginReading, ViewDelta } from "../../src/agreement/protocol.ts";
import { layOver } from "../../src/agreement/overlay.ts";
import { change, emptySection } from "../../src/agreement/section.ts";
import { maintenanceSchema } from "../../src/config/maintenance.ts";
import { originSchema } from "../../src/config/origin.ts";
import { configSchema, type Config } from "../../src/config/schema.ts";
import { refusalOf } from "../../src/steering/origin-state.ts";
import { prepareService } from "../../src/view/service-state.ts";
import { ViewSubjects } from "../../src/view/apply.ts";
import { SOUND_READING } from "../support/reading.ts";

const config = configSchema.parse({
  services: {
    demo: {
      hosts: ["demo.localhost"],
      pools: {
        eu: { region: "weur", origins: [{ id: "euw1", url: "http://127.0.0.1:9103", weight: 4, capacity: 100 }] },
      },
    },
  },
});

function setUp(base = config) {
  const changed: string[] = [];
  const told = { inFlight: 0 };
  const services = new Map(
    Object.entries(base.services).map(([name, service]) => [name, prepareService(name, service, undefined, () => 0.5)]),
  );
  const overrides = emptySection<Override>();
  const configs: Config[] = [];
  const subjects = new ViewSubjects({
    config: base,
    services,
    overrides,
    layOver: (standing, nowMs) => layOver(base, "base", standing, nowMs),
    prepare: (name, service, before) => prepareService(name, service, before, () => 0.5),
    toldInFlight: () => told.inFlight,
    breakerChanged: (id) => void changed.push(id),
    laid: (effective) => void configs.push(effective),
  });
  const service = services.get("demo")!;
  const origin = service.pools[0]!.origins[0]!;
  service.validUntilMs = Infinity;
  /** Lays one override, or removes it, as a hub would bring it. */
  const lay = (value: Override | null, key: string, nowMs = 1_000) =>
    subjects.apply({ overrides: change(overrides, [{ key, value }]) }, nowMs);
  return { services, service, origin, subjects, overrides, changed, told, configs, lay };
}

const DRAIN = "administrative/euw1";
const drain = (expiresAtMs: number | null = null): Override => ({
  kind: "administrative",
  origin: "euw1",
  state: "draining",
  expiresAtMs,
});

const READING = { ...SOUND_READING, latencyMs: 40, latencySamples: 10, latencyAgeMs: 500, inFlight: 7, load: 3 };
const read = (over: Partial<OriginReading>): ViewDelta => ({
  origins: { from: 0, to: 1, entries: [{ key: "euw1", version: 1, value: { ...READING, ...over } }] },
});

describe("what a hub brought", () => {
  it("drains an origin while the override stands", () => {
    const { service, origin, lay } = setUp();
    lay(drain(), DRAIN);
    expect(origin.administrative).toBe("draining");
    expect(service.validUntilMs).toBe(0);
    lay(null, DRAIN);
    expect(origin.administrative).toBe("enabled");
  });

  it("moves traffic in steps by the clock alone, under the ramp of a recovering origin", () => {
    const { origin, subjects, service, lay } = setUp();
    const taking = { sinceMs: 1_000, from: 1, before: "enabled", stepPercent: 50, stepSeconds: 10 } as const;
    lay({ ...drain(), taking }, DRAIN);
    expect(origin).toMatchObject({ administrative: "enabled", admission: 0.5 });
    subjects.apply(read({ admission: 0.2 }), 1_000);
    expect(origin.admission).toBe(0.2);
    subjects.apply(read({ admission: 1 }), 1_000);
    expect(origin.admission).toBe(0.5);
    service.validUntilMs = Infinity;
    subjects.expire(10_999);
    expect(service.validUntilMs).toBe(Infinity);
    subjects.expire(11_000);
    expect(origin).toMatchObject({ administrative: "draining", admission: 1 });
    expect(service.validUntilMs).toBe(0);
    lay(
      { kind: "weight", origin: "euw1", weight: 8, expiresAtMs: null, taking: { ...taking, from: 4 } },
      "weight/euw1",
    );
    expect(origin.weight).toBe(6);
    subjects.expire(12_000);
    expect(origin.weight).toBe(8);
  });

  it("drops an override when its time has passed, without being told", () => {
    const { origin, subjects, lay } = setUp();
    lay(drain(5_000), DRAIN);
    subjects.expire(4_999);
    expect(origin.administrative).toBe("draining");
    subjects.expire(5_000);
    expect(origin.administrative).toBe("enabled");
  });

  it("keeps a drain without expiry, also one that came back from storage", () => {
    const { origin, subjects, lay } = setUp();
    lay(JSON.parse(JSON.stringify(drain())) as Override, DRAIN);
    subjects.expire(Number.MAX_SAFE_INTEGER);
    expect(origin.administrative).toBe("draining");
  });

  it("sets a weight and gives the configured one back", () => {
    const { origin, lay } = setUp();
    lay({ kind: "weight", origin: "euw1", weight: 9, expiresAtMs: null }, "weight/euw1");
    expect(origin.weight).toBe(9);
    lay(null, "weight/euw1");
    expect(origin.weight).toBe(4);
  });

  it("ignores an override for an origin that this isolate does not have", () => {
    const { origin, lay } = setUp();
    lay({ kind: "administrative", origin: "gone", state: "disabled", expiresAtMs: null }, "administrative/gone");
    expect(origin.administrative).toBe("enabled");
  });

  it("counts an origin as down for a game day, until its time has passed", () => {
    const { origin, subjects, lay } = setUp();
    lay({ kind: "failure", origin: "euw1", expiresAtMs: 5_000 }, "failure/euw1");
    expect(refusalOf(origin, 1_000)).toBe("simulated failure");
    subjects.expire(5_000);
    expect(refusalOf(origin, 5_000)).toBeNull();
  });

  it("puts a service into maintenance and back, and touches nothing else", () => {
    const { services, service, lay } = setUp();
    const maintenance = maintenanceSchema.parse({ status: 503 });
    lay({ kind: "maintenance", service: "demo", maintenance, expiresAtMs: null }, "maintenance/demo");
    expect(services.get("demo")).toBe(service);
    expect(service.maintenance).toEqual(maintenance);
    lay(null, "maintenance/demo");
    expect(service.maintenance).toBeNull();
  });

  it("prepares a service anew when an override restructures it, and keeps what it knew of its origins", () => {
    const { services, service, origin, configs, lay } = setUp();
    Object.assign(origin, { latencyMs: 12, inFlight: 3 });
    lay({ kind: "policy", service: "demo", policy: "random", expiresAtMs: null }, "policy/demo");
    const changed = services.get("demo")!;
    expect(changed).not.toBe(service);
    expect(changed.pools[0]!.origins[0]).toBe(origin);
    expect(configs.at(-1)!.services["demo"]!.steering.policy).toBe("random");
    // What does not concern it leaves it as it is.
    lay(drain(), DRAIN);
    expect(services.get("demo")).toBe(changed);
    expect(origin.administrative).toBe("draining");
  });

  it("gives a registered origin a place in its pool, and takes it away again", () => {
    const { services, lay } = setUp({ ...config, registration: { allow: ["https://*.origins.example.com"] } });
    const registered = originSchema.parse({ id: "new1", url: "https://new1.origins.example.com" });
    const registration = { kind: "registration", service: "demo", pool: "eu", ttlSeconds: 10 } as const;
    lay({ ...registration, origin: registered, expiresAtMs: null }, "registration/new1");
    const ids = () => services.get("demo")!.pools[0]!.origins.map(({ id }) => id);
    expect(ids()).toEqual(["euw1", "new1"]);
    lay(null, "registration/new1");
    expect(ids()).toEqual(["euw1"]);
  });

  it("holds an origin that was added at runtime back until a hub says that it is well, or for its grace", () => {
    const registered = originSchema.parse({ id: "new1", url: "https://new1.origins.example.com" });
    const by = { author: "new1", reason: "", atMs: 1_000 };
    const registration = { kind: "registration", service: "demo", pool: "eu", ttlSeconds: 10, by } as const;
    const healthyAt = (graceSeconds: number, nowMs: number, delta: ViewDelta = {}) => {
      const base = structuredClone(config);
      base.registration.allow = ["https://*.origins.example.com"];
      base.services["demo"]!.monitor.graceSeconds = graceSeconds;
      const { services, lay, subjects } = setUp(base);
      lay({ ...registration, origin: registered, expiresAtMs: null }, "registration/new1", nowMs);
      subjects.apply(delta, nowMs);
      lay(drain(), DRAIN, nowMs);
      return services.get("demo")!.pools[0]!.origins.map(({ healthy }) => healthy);
    };
    expect(healthyAt(0, 1_000)).toEqual([true, false]);
    expect(healthyAt(60, 60_999)).toEqual([true, true]);
    expect(healthyAt(60, 61_000)).toEqual([true, false]);
    const good = { origins: { from: 0, to: 1, entries: [{ key: "new1", version: 1, value: READING }] } };
    expect(healthyAt(0, 1_000, good)).toEqual([true, true]);
  });

  it("takes over the breaker's word, health and admission", () => {
    const { service, origin, subjects } = setUp();
    subjects.apply(read({ breaker: "open", healthy: false, admission: 0.3 }), 1_000);
    expect(origin).toMatchObject({ breaker: "open", healthy: false, admission: 0.3 });
    expect(service.validUntilMs).toBe(0);
  });

  it("forgets its own run of failures when the breaker changes its phase, and only then", () => {
    const { subjects, origin, changed } = setUp();
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

  it("says which share to keep of an origin the world asks too much of, and how full it and its pool are", () => {
    const { service, origin, subjects } = setUp();
    subjects.apply(read({ kept: 0.4, saturation: 1.5 }), 0);
    expect(origin).toMatchObject({ kept: 0.4, saturation: 1.5 });
    expect(service.pools[0]!.saturation).toBe(1.5);
    expect(service.validUntilMs).toBe(0);
  });

  it("counts what the region's other isolates have in flight, once", () => {
    const { origin, subjects, told } = setUp();
    origin.inFlight = told.inFlight = 2;
    subjects.apply(read({ inFlight: 7 }), 0);
    expect(origin.inFlight).toBe(7);
    expect(subjects.inFlightHere("euw1")).toBe(2);
    origin.inFlight--;
    told.inFlight = 1;
    subjects.apply(read({ inFlight: 6 }), 0);
    expect(subjects.inFlightHere("euw1")).toBe(1);
    expect(origin.inFlight).toBe(6);
  });

  it("does not take for others' what it told itself and what has ended since", () => {
    const { origin, subjects, told } = setUp();
    origin.inFlight = told.inFlight = 3;
    subjects.apply(read({ inFlight: 3 }), 0);
    origin.inFlight = 0;
    subjects.apply(read({ inFlight: 3 }), 1);
    expect(origin.inFlight).toBe(0);
    // Nor for fewer than there are, when the hub has not heard of them yet.
    origin.inFlight = told.inFlight = 4;
    subjects.apply(read({ inFlight: 1 }), 2);
    expect(origin.inFlight).toBe(4);
  });
});
