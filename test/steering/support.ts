/** Members, requests and seeded randomness for the tests of steering. */
import fc from "fast-check";
import { REGION_LOCATIONS, REGIONS } from "../../src/config/region.ts";
import { breakerSchema } from "../../src/config/breaker.ts";
import { originSchema } from "../../src/config/origin.ts";
import { steeringSchema, type PolicyName, type SteeringConfig } from "../../src/config/steering.ts";
import { nextCandidate, type Candidate } from "../../src/steering/candidates.ts";
import { hashText } from "../../src/steering/hash.ts";
import { unitVector, type Place } from "../../src/steering/place.ts";
import { localBreaker } from "../../src/resilience/local-breaker.ts";
import type { OriginState } from "../../src/steering/origin-state.ts";
import { prepareNarrowing } from "../../src/steering/narrow.ts";
import type { PoolState, ServiceState } from "../../src/steering/availability.ts";
import { POLICIES, UNMEASURED, type Member, type SteerRequest } from "../../src/steering/policy.ts";
import { seeded } from "../support/seeded.ts";

const regionArbitrary = fc.constantFrom(...REGIONS);

export const memberArbitrary: fc.Arbitrary<Member> = fc
  .record({
    id: fc.uuid(),
    region: regionArbitrary,
    priority: fc.nat(3),
    weight: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 100, noNaN: true })),
    latencyMs: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 5000, noNaN: true })),
    baselineMs: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 5000, noNaN: true })),
    inFlight: fc.nat(50),
    openStreams: fc.nat(50),
    successRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    saturation: fc.double({ min: 0, max: 3, noNaN: true }),
  })
  .map(({ region, ...rest }) => ({
    ...rest,
    latencyAtMs: 0,
    latencySamples: 10,
    vector: unitVector(REGION_LOCATIONS[region]),
  }));

export const requestArbitrary: fc.Arbitrary<SteerRequest> = fc
  .record({ region: regionArbitrary, key: fc.string(), country: fc.constantFrom("", "DE", "JP") })
  .map(({ region, key, country }) => requestFrom(region, { key, place: { country } }));

/** A request from the middle of a region; say what else is known of it. */
export function requestFrom(
  region: (typeof REGIONS)[number],
  {
    key = "",
    place = {},
    requestId = key,
    method = "GET",
    path = "/",
    headers = {},
  }: {
    key?: string;
    place?: Partial<Place>;
    requestId?: string;
    method?: string;
    path?: string;
    headers?: Record<string, string>;
  } = {},
): SteerRequest {
  return {
    place: { region, colo: "", country: "", continent: "", vector: unitVector(REGION_LOCATIONS[region]), ...place },
    requestId,
    startedMs: 0,
    method,
    path,
    headers: new Headers(headers),
    hashOf: () => hashText(key),
  };
}

export function options(policy: PolicyName, over: object = {}): SteeringConfig {
  return steeringSchema.parse({ policy, ...over });
}

/** Flags that allow every one of `count` members. */
export function all(count: number): Uint8Array {
  return new Uint8Array(count).fill(1);
}

/** How often each member is picked. */
export function tally(picks: number, members: number, pick: (turn: number) => number): number[] {
  const counts = Array.from({ length: members }, () => 0);
  for (let turn = 0; turn < picks; turn++) counts[pick(turn)]!++;
  return counts;
}

/** The share of all picks each member had. */
export function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}

/** An origin in good order; say what differs. */
export function origin(id: string, over: Partial<OriginState> = {}): OriginState {
  return {
    id,
    local: localBreaker(breakerSchema.parse({})),
    backup: 0,
    config: originSchema.parse({ id, url: "http://127.0.0.1:9101" }),
    priority: 0,
    vector: unitVector(REGION_LOCATIONS.enam),
    weight: 1,
    ...UNMEASURED,
    administrative: "enabled",
    drainingSinceMs: 0,
    breaker: "closed",
    healthy: true,
    ejectedUntilMs: 0,
    failureRun: 0,
    rampShare: over.admission ?? 1,
    admission: 1,
    kept: 1,
    latencySamples: over.latencyMs === undefined ? 0 : 10,
    ...over,
  };
}

/** A pool whose origins are taken in the order written. */
export function pool(id: string, origins: OriginState[], over: Partial<PoolState> = {}): PoolState {
  return {
    ...origin(id, { weight: origins.reduce((sum, { weight }) => sum + weight, 0) }),
    region: "enam",
    shed: { percent: 0, policy: "random" },
    share: 1,
    origins,
    picker: POLICIES.failover.prepare(origins, options("failover"), seeded(1)),
    eligible: new Uint8Array(origins.length),
    ...over,
  };
}

/** A service under `failover`; `steering` holds what else is configured. */
export function service(pools: PoolState[], over: Partial<ServiceState> = {}, steering: object = {}): ServiceState {
  const configured = options("failover", steering);
  const preparePicker = (policy: PolicyName) => POLICIES[policy].prepare(pools, configured, seeded(1));
  return {
    name: "s",
    pools,
    picker: preparePicker(configured.policy),
    eligible: new Uint8Array(pools.length),
    narrowing: prepareNarrowing(pools, configured, preparePicker, seeded(2)),
    partial: false,
    halfOpen: [],
    reserves: [],
    maxBackups: 0,
    levels: [],
    maxEjected: Infinity,
    panicMode: "fail-open",
    panicking: false,
    maintenance: null,
    validUntilMs: 0,
    ...over,
  };
}

/** The ids of the origins that a request would try, one after the other. */
export function triedInOrder(state: ServiceState, request: SteerRequest, nowMs: number): string[] {
  const tried: Candidate[] = [];
  for (let next; (next = nextCandidate(state, request, tried, nowMs)) !== null;) tried.push(next);
  return tried.map(({ origin }) => origin.id);
}
