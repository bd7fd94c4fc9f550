/** Members and requests for the benches of steering, the same in every run. */
import { REGION_LOCATIONS, REGIONS } from "../../src/config/region.ts";
import { steeringSchema, type PolicyName, type SteeringConfig } from "../../src/config/steering.ts";
import { hashText } from "../../src/steering/hash.ts";
import { unitVector } from "../../src/steering/place.ts";
import { UNMEASURED, type Member, type SteerRequest } from "../../src/steering/policy.ts";
import { seeded } from "../../test/support/seeded.ts";

/** Members in good order that differ in nothing but their names. */
export function equalMembers(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `origin-${index}`,
    priority: 0,
    vector: unitVector(REGION_LOCATIONS[REGIONS[index % REGIONS.length]!]),
    weight: 1,
    ...UNMEASURED,
  }));
}

/** Members as they are in traffic: weights, latencies, load and health all differ. */
export function busyMembers(count: number): Member[] {
  const random = seeded(count);
  return equalMembers(count).map((member) => ({
    ...member,
    priority: Math.floor(random() * 3),
    weight: 1 + Math.floor(random() * 10),
    latencyMs: 5 + random() * 200,
    latencySamples: 10,
    baselineMs: 5 + random() * 200,
    inFlight: Math.floor(random() * 20),
    openStreams: Math.floor(random() * 20),
    successRatio: 0.8 + random() * 0.2,
    saturation: random(),
  }));
}

export function optionsFor(policy: PolicyName, members: readonly Member[]): SteeringConfig {
  const ids = members.map((member) => member.id);
  return steeringSchema.parse({ policy, geo: { countries: { DE: ids.slice(0, 2) }, default: ids.slice(0, 2) } });
}

/** Requests from everywhere, each with a key that is hashed when asked for, as on the request path. */
export function requests(count: number): SteerRequest[] {
  const headers = new Headers();
  return Array.from({ length: count }, (_, index) => {
    const region = REGIONS[index % REGIONS.length]!;
    const key = `user-${index}@example.com`;
    return {
      place: {
        region,
        colo: "FRA",
        country: index % 2 === 0 ? "DE" : "FR",
        continent: "EU",
        vector: unitVector(REGION_LOCATIONS[region]),
      },
      method: "GET",
      path: "/",
      headers,
      requestId: key,
      startedMs: 0,
      hashOf: () => hashText(key),
    };
  });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
