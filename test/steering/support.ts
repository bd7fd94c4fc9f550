/** Members, requests and seeded randomness for the tests of steering. */
import fc from "fast-check";
import { REGION_LOCATIONS, REGIONS } from "../../src/config/region.ts";
import { originSchema } from "../../src/config/pool.ts";
import { steeringSchema, type PolicyName, type SteeringConfig } from "../../src/config/steering.ts";
import { unitVector } from "../../src/steering/place.ts";
import type { OriginState } from "../../src/steering/origin-state.ts";
import type { Member, SteerRequest } from "../../src/steering/policy.ts";

/** A small seeded generator (mulberry32), uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const regionArbitrary = fc.constantFrom(...REGIONS);

export const memberArbitrary: fc.Arbitrary<Member> = fc
  .record({
    id: fc.uuid(),
    region: regionArbitrary,
    priority: fc.nat(3),
    weight: fc.double({ min: 0, max: 100, noNaN: true }),
    latencyMs: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 5000, noNaN: true })),
    inFlight: fc.nat(50),
  })
  .map(({ region, ...rest }) => ({ ...rest, latencyAtMs: 0, vector: unitVector(REGION_LOCATIONS[region]) }));

export const requestArbitrary: fc.Arbitrary<SteerRequest> = regionArbitrary.map(requestFrom);

/** A request from the middle of a region. */
export function requestFrom(region: (typeof REGIONS)[number]): SteerRequest {
  return {
    place: { region, colo: "", country: "", continent: "", vector: unitVector(REGION_LOCATIONS[region]) },
  };
}

export function options(policy: PolicyName): SteeringConfig {
  return steeringSchema.parse({ policy });
}

/** An origin in good order; say what differs. */
export function origin(id: string, over: Partial<OriginState> = {}): OriginState {
  return {
    id,
    config: originSchema.parse({ id, url: "http://127.0.0.1:9101" }),
    priority: 0,
    vector: unitVector(REGION_LOCATIONS.enam),
    weight: 1,
    latencyMs: Number.NaN,
    latencyAtMs: 0,
    inFlight: 0,
    administrative: "enabled",
    breaker: "closed",
    healthy: true,
    ejectedUntilMs: 0,
    failureRun: 0,
    admission: 1,
    ...over,
  };
}
