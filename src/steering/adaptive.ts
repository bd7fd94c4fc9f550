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
import { DICE_SIDES, makeDice, throwBelow } from "./dice.ts";
import { drawByWeight, drawUniform } from "./draw.ts";
import { describeExpected, expectedMs } from "./expected-latency.ts";
import { describeHealth, healthScore } from "./health-score.ts";
import type { Member, Picker, Policy, SteerRequest } from "./policy.ts";

const LEARNING_RATE = 0.1;
const LEAST_TRUST = 0.05;
/** Of more members than this, so many in a row from a random start are weighed: what a pick costs stays bounded. */
const MAX_WEIGHED = 128;
const FORGIVE_EVERY = 20;
/** Each time; 200 picks halve the distance to full trust. */
const FORGIVENESS = 1 - 2 ** (-FORGIVE_EVERY / 200);

export const adaptive: Policy = { name: "adaptive", levels: ["pools", "origins"], prepare };

function prepare(
  members: readonly Member[],
  { exploreRatio }: Pick<SteeringConfig, "exploreRatio">,
  random: () => number,
): Picker {
  const dice = makeDice(random);
  const trust = new Float64Array(members.length).fill(1);
  const merits = new Float64Array(members.length);
  let picks = 0;

  /** 1 / cost. */
  function merit(index: number, request: SteerRequest): number {
    const member = members[index]!;
    const waitMs = Math.max(1, expectedMs(member, request)) * (member.inFlight + 1);
    return (member.weight * healthScore(member) * trust[index]! * trust[index]!) / waitMs;
  }

  /** Done now and then for all, which is cheaper than each time for each. */
  function forgive(): void {
    for (let index = 0; index < trust.length; index++) trust[index]! += FORGIVENESS * (1 - trust[index]!);
  }

  return {
    pick(eligible, request) {
      if (++picks % FORGIVE_EVERY === 0) forgive();
      merits.fill(0);
      let most = 0;
      let weighed = 0;
      let index = members.length > MAX_WEIGHED ? throwBelow(dice, members.length) : 0;
      for (let step = 0; step < members.length && weighed < MAX_WEIGHED; step++, index++) {
        if (index === members.length) index = 0;
        if (eligible[index] !== 1) continue;
        weighed++;
        merits[index] = merit(index, request);
        if (merits[index]! > most) most = merits[index]!;
      }
      if (most === 0 || dice() < exploreRatio * DICE_SIDES) return drawUniform(eligible, dice);
      const scale = 1 / most;
      for (let index = 0; index < members.length; index++) {
        const square = merits[index]! * scale * (merits[index]! * scale);
        merits[index] = square * square;
      }
      return drawByWeight(merits, eligible, dice);
    },
    observe(index, success) {
      trust[index] = Math.max(LEAST_TRUST, trust[index]! + LEARNING_RATE * ((success ? 1 : 0) - trust[index]!));
    },
    score: (index, request) => 1 / merit(index, request),
    reason: (index, request) =>
      `${describeExpected(members[index]!, request)}, ${members[index]!.inFlight} in flight, ` +
      `${describeHealth(members[index]!)}, trust ${trust[index]!.toFixed(2)}`,
  };
}
