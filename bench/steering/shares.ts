/** How exactly the weighted policies follow their weights. */
import { POLICIES, type Member } from "../../src/steering/policy.ts";
import type { PolicyName } from "../../src/config/steering.ts";
import type { Reporter } from "../figure.ts";
import { equalMembers, optionsFor, requests } from "./scene.ts";
import { seeded } from "../../test/support/seeded.ts";

const PICKS = 100_000;

const WEIGHTS = [
  [5, 1, 1],
  [1, 2, 3, 4],
  [7, 11, 13, 17, 19],
  [0.1, 0.2, 0.7],
  Array.from({ length: 20 }, (_, index) => index + 1),
];

export function weightedShares(report: Reporter): void {
  let offBy = 0;
  let points = 0;
  for (const weights of WEIGHTS) {
    for (let seed = 1; seed <= 5; seed++) {
      offBy = Math.max(offBy, ...deviations("weighted-round-robin", weights, seed));
      points = Math.max(points, ...deviations("weighted-random", weights, seed).map((picks) => (picks * 100) / PICKS));
    }
  }
  report.figure({
    figure: "smooth weighted round-robin: picks off the exact share over 100,000, worst of five weight sets",
    value: offBy,
    unit: "picks",
    target: { atMost: 1 },
  });
  report.figure({
    figure: "weighted random: share off the exact one over 100,000 picks, seeded, worst",
    value: points,
    unit: "percentage points",
    target: { atMost: 1 },
  });
}

/** How far each member's picks are from its share, in picks. */
function deviations(name: PolicyName, weights: readonly number[], seed: number): number[] {
  const members: Member[] = equalMembers(weights.length).map((member, index) => ({
    ...member,
    weight: weights[index]!,
  }));
  const picker = POLICIES[name].prepare(members, optionsFor(name, members), seeded(seed));
  const eligible = new Uint8Array(members.length).fill(1);
  const request = requests(1)[0]!;
  const counts = members.map(() => 0);
  for (let pick = 0; pick < PICKS; pick++) counts[picker.pick(eligible, request)]!++;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return counts.map((count, index) => Math.abs(count - (PICKS * weights[index]!) / total));
}
