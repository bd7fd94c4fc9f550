import { expect, it } from "vitest";
import { adaptive } from "../../src/steering/adaptive.ts";
import { all, options, origin, requestFrom, shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const request = requestFrom("enam");
const prepare = (members: ReturnType<typeof origin>[], over = {}) =>
  adaptive.prepare(members, options("adaptive", over), seeded(1));
const shareOf = (picker: ReturnType<typeof prepare>, members: number) =>
  shares(tally(30_000, members, () => picker.pick(all(members), request)));

it("gives a member that costs twice as much a sixteenth of the best one's share", () => {
  const share = shareOf(
    prepare([origin("a", { latencyMs: 50 }), origin("b", { latencyMs: 100 })], { exploreRatio: 0 }),
    2,
  );
  expect(share[0]! / share[1]!).toBeGreaterThan(14);
  expect(share[0]! / share[1]!).toBeLessThan(18);
});

it("takes load off a member as it fills up", () => {
  const share = shareOf(prepare([origin("a", { latencyMs: 50, inFlight: 9 }), origin("b", { latencyMs: 100 })]), 2);
  expect(share[1]).toBeGreaterThan(0.9);
});

it("trusts a member that only fails a twentieth, and no less", () => {
  const picker = prepare([origin("a"), origin("b")]);
  for (let outcome = 0; outcome < 1000; outcome++) picker.observe!(0, false);
  expect(picker.score(0, request) / picker.score(1, request)).toBeCloseTo(400, 6);
});

it("learns from failures, and forgives when they stop", () => {
  const picker = prepare([origin("a", { latencyMs: 50 }), origin("b", { latencyMs: 60 })], { exploreRatio: 0 });
  for (let outcome = 0; outcome < 30; outcome++) picker.observe!(0, false);
  const during = tally(100, 2, () => picker.pick(all(2), request));
  expect(during[1]).toBeGreaterThan(95);
  const later = shareOf(picker, 2);
  expect(later[0]).toBeGreaterThan(0.5);
});

it("explores: even a hopeless member sees a little traffic, and only a little", () => {
  const share = shareOf(prepare([origin("a", { latencyMs: 10 }), origin("b", { latencyMs: 5000 })]), 2);
  expect(Math.abs(share[1]! - 0.01)).toBeLessThan(0.003);
});
