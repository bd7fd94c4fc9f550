/** Drawing eligible members without collecting them: uniformly, by weight, and the better of two. */
import { DICE_SIDES, throwBelow, type Dice } from "./dice.ts";
import type { Member, SteerRequest } from "./policy.ts";

/** What a policy compares, lower is better. Infinity is allowed, NaN is not. */
export type Cost = (member: Member, request: SteerRequest) => number;

/** How many members are eligible. */
function countEligible(eligible: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < eligible.length; index++) count += eligible[index]!;
  return count;
}

/** The index of the eligible member number `nth` (from 0), or -1 when there are fewer. */
function nthEligible(eligible: Uint8Array, nth: number): number {
  let left = nth;
  for (let index = 0; index < eligible.length; index++) {
    if (eligible[index] !== 1) continue;
    if (left === 0) return index;
    left--;
  }
  return -1;
}

/** An eligible member, each as likely as the other; -1 when there is none. */
export function drawUniform(eligible: Uint8Array, dice: Dice): number {
  return nthEligible(eligible, throwBelow(dice, countEligible(eligible)));
}

/**
 * An eligible member, each as likely as its share of the weight; uniform when no eligible one weighs anything.
 *
 * @param weights >= 0, one a member
 * @returns the member's index, or -1 when none is eligible
 */
export function drawByWeight(weights: ArrayLike<number>, eligible: Uint8Array, dice: Dice): number {
  let total = 0;
  for (let index = 0; index < eligible.length; index++) if (eligible[index] === 1) total += weights[index]!;
  if (!(total > 0)) return drawUniform(eligible, dice);
  let left = (dice() / DICE_SIDES) * total;
  let last = -1;
  for (let index = 0; index < eligible.length; index++) {
    if (eligible[index] !== 1 || weights[index] === 0) continue;
    last = index;
    left -= weights[index]!;
    if (left < 0) return index;
  }
  // Only rounding gets here: the sum of the parts fell short of the total.
  return last;
}

/**
 * The cheaper of two eligible members drawn at random; a tie goes to one of them by weight.
 *
 * Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001: two choices
 * come exponentially closer to the least loaded than one, and isolates that know nothing of each other do not herd.
 */
export function cheaperOfTwo(
  members: readonly Member[],
  eligible: Uint8Array,
  request: SteerRequest,
  dice: Dice,
  cost: Cost,
): number {
  const count = countEligible(eligible);
  if (count < 2) return nthEligible(eligible, 0);
  const first = throwBelow(dice, count);
  const other = throwBelow(dice, count - 1);
  const a = nthEligible(eligible, first);
  const b = nthEligible(eligible, other < first ? other : other + 1);
  const difference = cost(members[a]!, request) - cost(members[b]!, request);
  // Two infinite costs differ by NaN: a tie.
  if (difference < 0) return a;
  if (difference > 0) return b;
  const total = members[a]!.weight + members[b]!.weight;
  return (total > 0 ? dice() * total < members[a]!.weight * DICE_SIDES : dice() * 2 < DICE_SIDES) ? a : b;
}

/** The cheapest eligible member; a tie goes to one of them by weight (reservoir sampling, so that nothing is collected). */
export function cheapest(
  members: readonly Member[],
  eligible: Uint8Array,
  request: SteerRequest,
  dice: Dice,
  cost: Cost,
): number {
  let best = -1;
  let bestCost = Infinity;
  let tied = 0;
  for (let index = 0; index < members.length; index++) {
    if (eligible[index] !== 1) continue;
    const member = members[index]!;
    const memberCost = cost(member, request);
    if (best === -1 || memberCost < bestCost) {
      best = index;
      bestCost = memberCost;
      tied = member.weight;
    } else if (memberCost === bestCost) {
      tied += member.weight;
      if (dice() * tied < member.weight * DICE_SIDES) best = index;
    }
  }
  return best;
}
