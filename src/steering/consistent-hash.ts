/**
 * `consistent-hash`: each key keeps its member; when one leaves only its keys move, and a member that is full is passed.
 *
 * A ring of 160 points a member of average weight (ketama; Karger et al., "Consistent Hashing and Random Trees", STOC
 * 1997). A key belongs to the first point clockwise from its hash whose member is eligible and under its bound
 * (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018):
 *
 *     in flight < ceil(balanceFactor * (total in flight + 1) * weight / total weight)
 *
 * In flight is what this isolate and its region have waiting, so the bound holds per region. The ring is built from ids
 * alone, so a member that comes back gets its keys back. Changed weights rebuild it: 160 points a member to sort.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { hashIds, highestHash, mix } from "./hash.ts";
import type { Member, Picker, Policy, SteerRequest } from "./policy.ts";
import { weightsChanged } from "./weight-watch.ts";

const POINTS_PER_MEMBER = 160;

export const consistentHash: Policy = { name: "consistent-hash", levels: ["pools", "origins"], prepare };

interface Ring {
  /** Ascending positions, 32 bits. */
  readonly positions: Uint32Array;
  /** The member at each position. */
  readonly owners: Uint32Array;
}

function prepare(
  members: readonly Member[],
  { hash, balanceFactor }: Pick<SteeringConfig, "hash" | "balanceFactor">,
): Picker {
  const ids = hashIds(members);
  const seenWeights = new Float64Array(members.length).fill(Number.NaN);
  let ring: Ring = { positions: new Uint32Array(), owners: new Uint32Array() };

  function pick(eligible: Uint8Array, request: SteerRequest): number {
    if (weightsChanged(members, seenWeights)) ring = buildRing(ids, seenWeights);
    let inFlight = 0;
    let weight = 0;
    for (let index = 0; index < members.length; index++) {
      if (eligible[index] !== 1) continue;
      inFlight += members[index]!.inFlight;
      weight += members[index]!.weight;
    }
    const keyHash = request.hashOf(hash.key);
    const { positions, owners } = ring;
    const boundPerWeight = (balanceFactor * (inFlight + 1)) / weight;
    let point = firstAtOrAfter(positions, keyHash);
    for (let step = 0; step < positions.length; step++, point++) {
      if (point === positions.length) point = 0;
      const owner = owners[point]!;
      if (eligible[owner] !== 1) continue;
      if (members[owner]!.inFlight < Math.ceil(boundPerWeight * members[owner]!.weight)) return owner;
    }
    // No eligible member weighs anything: it has no point.
    return highestHash(ids, eligible, keyHash);
  }

  /** How far round the ring the member's first point lies from the key, in (0, 1); for the operator, so not fast. */
  function distance(member: number, request: SteerRequest): number {
    if (weightsChanged(members, seenWeights)) ring = buildRing(ids, seenWeights);
    const keyHash = request.hashOf(hash.key);
    let nearest = Number.NaN;
    ring.positions.forEach((position, point) => {
      const clockwise = ((position - keyHash) >>> 0) / 4294967296;
      if (ring.owners[point] === member && !(clockwise >= nearest)) nearest = clockwise;
    });
    return nearest;
  }

  return {
    pick,
    score: distance,
    reason: (index, request) => {
      const clockwise = distance(index, request);
      return Number.isNaN(clockwise)
        ? "no point on the ring (weight 0)"
        : `${(clockwise * 100).toFixed(3)} % round the ring from the key, ${members[index]!.inFlight} in flight`;
    },
  };
}

/** Places every member's points; a member's first points stay where they are whatever its weight. */
function buildRing(ids: Uint32Array, weights: Float64Array): Ring {
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  // Position and owner as one number below 2^53, so that a plain numeric sort orders both.
  const points: number[] = [];
  ids.forEach((id, member) => {
    // The cap holds where dividing tiny weights overflows; a member can have no more than everybody's points.
    const share = Math.min(ids.length, weights[member]! / mean);
    const count = weights[member]! > 0 ? Math.max(1, Math.round(POINTS_PER_MEMBER * share)) : 0;
    for (let point = 0; point < count; point++) points.push(mix(id + Math.imul(point, 0x9e3779b9)) * 65_536 + member);
  });
  const sorted = Float64Array.from(points).toSorted();
  return {
    positions: Uint32Array.from(sorted, (point) => Math.floor(point / 65_536)),
    owners: Uint32Array.from(sorted, (point) => point % 65_536),
  };
}

/** The first position >= `hash`, or the number of positions when there is none. */
function firstAtOrAfter(positions: Uint32Array, hash: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positions[middle]! < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
