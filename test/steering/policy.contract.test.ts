/** One suite that every policy must pass, at every level it says it makes sense at. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withinFault } from "../../src/config/steering.ts";
import { POLICIES } from "../../src/steering/policy.ts";
import { all, memberArbitrary, options, requestArbitrary } from "./support.ts";
import { seeded } from "../support/seeded.ts";

describe.each(Object.values(POLICIES))("$name", (policy) => {
  const scene = fc.record({
    members: fc.array(memberArbitrary, { minLength: 1, maxLength: 20 }),
    request: requestArbitrary,
    seed: fc.nat(),
  });

  it("picks an eligible member whenever there is one, and only then", () => {
    fc.assert(
      fc.property(scene, fc.infiniteStream(fc.boolean()), ({ members, request, seed }, flags) => {
        const picker = policy.prepare(members, options(policy.name), seeded(seed));
        const eligible = Uint8Array.from(members, () => (flags.next().value ? 1 : 0));
        const pick = picker.pick(eligible, request);
        expect(pick === -1 ? !eligible.includes(1) : eligible[pick] === 1).toBe(true);
      }),
    );
  });

  it("yields every eligible member once when asked again with the last one's flag cleared", () => {
    fc.assert(
      fc.property(scene, ({ members, request, seed }) => {
        const picker = policy.prepare(members, options(policy.name), seeded(seed));
        const eligible = all(members.length);
        const order: number[] = [];
        for (let pick = picker.pick(eligible, request); pick !== -1; pick = picker.pick(eligible, request)) {
          order.push(pick);
          eligible[pick] = 0;
        }
        expect(order.toSorted((a, b) => a - b)).toEqual(members.map((_, index) => index));
      }),
    );
  });

  it("says at which levels it makes sense, as the configuration does", () => {
    expect(policy.levels).toContain("pools");
    expect(policy.levels.includes("origins")).toBe(withinFault(policy.name) === null);
  });

  it("stays in service when weights change under it", () => {
    fc.assert(
      fc.property(scene, fc.infiniteStream(fc.nat(3)), ({ members, request, seed }, weights) => {
        const picker = policy.prepare(members, options(policy.name), seeded(seed));
        for (let round = 0; round < 3; round++) {
          expect(picker.pick(all(members.length), request)).not.toBe(-1);
          for (const member of members) member.weight = weights.next().value;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("leaves the flags it is given alone", () => {
    fc.assert(
      fc.property(scene, ({ members, request, seed }) => {
        const picker = policy.prepare(members, options(policy.name), seeded(seed));
        const eligible = all(members.length);
        picker.pick(eligible, request);
        expect(eligible.every((flag) => flag === 1)).toBe(true);
      }),
    );
  });

  it("explains itself for every member without changing what it picks", () => {
    fc.assert(
      fc.property(scene, ({ members, request, seed }) => {
        const asked = policy.prepare(members, options(policy.name), seeded(seed));
        const unasked = policy.prepare(members, options(policy.name), seeded(seed));
        const eligible = all(members.length);
        members.forEach((_, index) => {
          expect(asked.score(index, request)).toBeTypeOf("number");
          expect(asked.reason(index, request)).toMatch(/\S/);
        });
        expect(asked.pick(eligible, request)).toBe(unasked.pick(eligible, request));
      }),
    );
  });
});
