/** A hub's origins in workerd with a breaker, a probed origin and a store of the test's own: what stands around them is other objects. */
import { HubOrigins, type OriginStore } from "../../durable-objects/hub-origins.ts";
import type {
  BreakerForHubs,
  BreakerState,
  Introduction,
  OriginReading,
  OriginReport,
  Report,
  WindowCounts,
} from "../../src/agreement/protocol.ts";
import type { HubLoad, WorldLoad } from "../../src/steering/world-load.ts";
import { defineConfig } from "../../src/config/define.ts";
import { originSettings } from "../../src/config/origin-settings.ts";

export const CLOSED: BreakerState = { version: 0, breaker: "closed", admission: 1, verdict: "unknown" };

/** A hub in weur with one origin, `o1`, a breaker that answers `says`, and an origin that answers probes with `status`. */
export function setUp(monitor: object = {}) {
  const clock = { ms: 1_800_000_000_000 };
  const breaker = {
    says: CLOSED,
    isAway: false,
    records: [] as WindowCounts[],
    health: [] as string[],
    introduced: [] as Introduction[],
    settled: [] as string[],
    loads: [] as HubLoad[],
    world: { ratePerSecond: 0, kept: 1 } as WorldLoad,
    permits: 0,
  };
  const answer = () => {
    if (breaker.isAway) throw new Error("breaker is away");
    return breaker.says;
  };
  const stub: BreakerForHubs = {
    record: async (_region, _hub, counts) => {
      const state = answer();
      breaker.records.push(counts);
      return state;
    },
    takePermit: async () => {
      answer();
      breaker.permits++;
      return null;
    },
    settle: async (id, outcome) => {
      breaker.settled.push(`${id} ${outcome}`);
      return answer();
    },
    reportLoad: async (_hub, load) => {
      if (breaker.isAway) throw new Error("breaker is away");
      breaker.loads.push(load);
      return breaker.world;
    },
    introduce: async (_region, _hub, introduction) => {
      breaker.introduced.push(introduction);
      return answer();
    },
    reportHealth: async (_region, _hub, verdict, reason) => {
      breaker.health.push(`${verdict}: ${reason}`);
      return answer();
    },
  };
  const probes = { status: 200, count: 0 };
  const fetcher = {
    fetch: async () => {
      probes.count++;
      return new Response(null, { status: probes.status });
    },
  };
  const rows = new Map<string, unknown>();
  const disk = { isFull: false };
  const store = {
    get: (key: string) => rows.get(key),
    put: (key: string, value: unknown) => {
      if (disk.isFull) throw new Error("disk full");
      rows.set(key, value);
    },
    delete: (key: string) => rows.delete(key),
  } as unknown as OriginStore;
  const changes: OriginReading[] = [];
  const offered = { ratio: 1 };
  const gone: string[] = [];
  const config = defineConfig({
    services: {
      s: {
        hosts: ["s.test"],
        monitor,
        pools: {
          p: { region: "weur", origins: [{ id: "o1", url: "http://a.test", mtls: "FETCHER", capacity: 1_000 }] },
        },
      },
    },
  });
  const make = ({ hasIsolates = false } = {}) =>
    new HubOrigins({
      hub: "weur",
      settings: originSettings(config),
      breakerOf: () => stub,
      store,
      hasIsolates,
      platform: { region: "weur", bindings: { FETCHER: fetcher }, clock: () => clock.ms },
      random: () => 0.5,
      changed: (_, reading) => void changes.push(reading),
      isTakenOut: () => false,
      offeredRatio: () => offered.ratio,
      hubs: () => 4,
      notStored: () => undefined,
      gone: (origin) => void gone.push(origin),
      failed: () => undefined,
    });
  return { hub: make(), make, offered, clock, breaker, probes, rows, changes, gone, config, disk };
}

export function report(over: Partial<OriginReport>, settled: Report["settled"] = []): Report {
  const counts: OriginReport = {
    successes: 0,
    failures: 0,
    connectionFailures: 0,
    timeouts: 0,
    slow: 0,
    failureRun: 0,
    longestFailureRun: over.failures ?? 0,
    panics: 0,
    latency: { samples: 0, sumMs: 0, maxMs: 0 },
    inFlight: 0,
    sent: 0,
    wanted: 0,
    ...over,
  };
  return { isolate: "i1", sequence: 1, spanMs: 100, ageMs: 0, origins: { o1: counts }, services: {}, settled };
}

export const push = (state: Partial<BreakerState>) =>
  ({ section: "origins", origin: "o1", state: { ...CLOSED, ...state } }) as const;
