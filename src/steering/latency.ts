/**
 * `latency`: the eligible member with the lowest latency from the request's region.
 *
 * A member that has been measured counts with its measurement, which decays to the distance's when nothing renews it; one
 * that has not been measured often enough counts with what light in fibre needs for the distance. That estimate is a lower bound, so a member that only looks near is found out by its first answer,
 * and one that could be better than a sick neighbour is tried. Members within `toleranceMs` of the best share the
 * traffic at random, by weight, as long as both sides are measured: an estimate alone never draws traffic off the best.
 */
import { DICE_SIDES, makeDice } from "./dice.ts";
import { describeExpected, expectedMs } from "./expected-latency.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const latency: Policy = { name: "latency", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], options: { toleranceMs: number }, random: () => number): Picker {
  const dice = makeDice(random);
  /** Members within tolerance of the best seen before them, so that the later passes look at few. */
  const close = new Uint32Array(members.length);
  return {
    pick(eligible, request) {
      let best = -1;
      let bestMs = Infinity;
      let count = 0;
      for (let index = 0; index < members.length; index++) {
        if (eligible[index] !== 1) continue;
        const member = members[index]!;
        const ms = expectedMs(member, request);
        if (ms < bestMs) {
          best = index;
          bestMs = ms;
        }
        // The best only gets better: who is not close to it now will not be.
        if (member.latencyMs <= bestMs + options.toleranceMs) close[count++] = index;
      }
      return best === -1 || Number.isNaN(members[best]!.latencyMs) ? best : shared(best, bestMs, count);
    },
    score: (index, request) => expectedMs(members[index]!, request),
    reason: (index, request) => describeExpected(members[index]!, request),
  };

  /** One of the measured members within tolerance of the best, by weight. */
  function shared(best: number, bestMs: number, count: number): number {
    const limitMs = bestMs + options.toleranceMs;
    let total = 0;
    for (let at = 0; at < count; at++) {
      const { latencyMs, weight } = members[close[at]!]!;
      if (latencyMs <= limitMs) total += weight;
    }
    if (total === members[best]!.weight) return best;
    let left = (dice() / DICE_SIDES) * total;
    for (let at = 0; at < count; at++) {
      const { latencyMs, weight } = members[close[at]!]!;
      if (!(latencyMs <= limitMs)) continue;
      left -= weight;
      if (left < 0) return close[at]!;
    }
    return best;
  }
}
