/**
 * `adaptive`: weighs latency, load and health into one cost, learns from outcomes, and explores a little.
 *
 *     cost  = latency * (in flight + 1) / (weight * score * trust^2)
 *     share = (least cost / cost)^4, of the sum over all eligible members
 *
 * - latency: measured, or what the distance allows (ms, at least 1); score: health-score.ts.
 * - trust: learnt by this isolate from each outcome, trust += 0.1 * (1 or 0 - trust), at least 0.05; it starts at 1, and
 *   goes back there with a half-life of 200 picks, so that one bad minute is not held against a member for ever.
 * - The fourth power: a member that costs a tenth more gets two thirds of the best one's share, one that costs twice as
 *   much a sixteenth. Nothing flips over, so isolates that see the same numbers do not herd; what is sent to the best
 *   raises its in-flight count and spills by itself.
 * - With probability `exploreRatio` (0.02) the request goes to any eligible member, so that what looks bad is measured.
 *
 * Retried requests do not explore twice: asked again, the policy draws from those left in the same way.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { drawByWeight, drawUniform } from "./draw.ts";
import { describeExpected, expectedMs } from "./expected-latency.ts";
import { describeHealth, healthScore } from "./health-score.ts";
import type { Member, Picker, Policy, SteerRequest } from "./policy.ts";

const LEARNING_RATE = 0.1;
const LEAST_TRUST = 0.05;
/** Per pick; 200 picks halve the distance to full trust. */
const FORGIVENESS = 1 - 2 ** (-1 / 200);

export const adaptive: Policy = { name: "adaptive", levels: ["pools", "origins"], prepare };

function prepare(
  members: readonly Member[],
  { exploreRatio }: Pick<SteeringConfig, "exploreRatio">,
  random: () => number,
): Picker {
  const trust = new Float64Array(members.length).fill(1);
  const shares = new Float64Array(members.length);

  function cost(index: number, request: SteerRequest): number {
    const member = members[index]!;
    const waitMs = Math.max(1, expectedMs(member, request)) * (member.inFlight + 1);
    return waitMs / (member.weight * healthScore(member) * trust[index]! * trust[index]!);
  }

  return {
    pick(eligible, request) {
      let least = Infinity;
      for (let index = 0; index < members.length; index++) {
        trust[index]! += FORGIVENESS * (1 - trust[index]!);
        if (eligible[index] !== 1) continue;
        shares[index] = cost(index, request);
        if (shares[index]! < least) least = shares[index]!;
      }
      if (least === Infinity || random() < exploreRatio) return drawUniform(eligible, random);
      for (let index = 0; index < members.length; index++) {
        const relative = least / shares[index]!;
        shares[index] = relative * relative * relative * relative;
      }
      return drawByWeight(shares, eligible, random);
    },
    observe(index, success) {
      trust[index] = Math.max(LEAST_TRUST, trust[index]! + LEARNING_RATE * ((success ? 1 : 0) - trust[index]!));
    },
    score: cost,
    reason: (index, request) =>
      `${describeExpected(members[index]!, request)}, ${members[index]!.inFlight} in flight, ` +
      `${describeHealth(members[index]!)}, trust ${trust[index]!.toFixed(2)}`,
  };
}
