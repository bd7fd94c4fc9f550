/** What `consistent-hash`, `maglev` and `rendezvous` promise alike: keys stay, and only those that must move do. */
import { describe, expect, it } from "vitest";
import { consistentHash } from "../../src/steering/consistent-hash.ts";
import { maglev } from "../../src/steering/maglev.ts";
import { rendezvous } from "../../src/steering/rendezvous.ts";
import { all, options, origin, requestFrom, shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const KEYS = Array.from({ length: 20_000 }, (_, index) => requestFrom("enam", { key: `user-${index}` }));

const equal = (count: number) => Array.from({ length: count }, () => 1);

/** The share of all keys each member has. */
const share = (assignment: readonly number[], members: number) =>
  shares(tally(assignment.length, members, (turn) => assignment[turn]!));

// Many keys, on machines that may be busy.
describe.each([consistentHash, maglev, rendezvous])("$name", { timeout: 30_000 }, (policy) => {
  const prepare = (weights: number[]) =>
    policy.prepare(
      weights.map((weight, index) => origin(`origin-${index}`, { weight })),
      options(policy.name),
      seeded(1),
    );
  const assign = (picker: ReturnType<typeof prepare>, eligible: Uint8Array) =>
    KEYS.map((request) => picker.pick(eligible, request));
  it("gives the same keys to the same members in every isolate", () => {
    expect(assign(prepare(equal(7)), all(7))).toEqual(assign(prepare(equal(7)), all(7)));
  });

  it("moves the keys of a member that leaves, no others, and gives them back when it returns", () => {
    const picker = prepare(equal(7));
    const before = assign(picker, all(7));
    const without = all(7);
    without[3] = 0;
    const during = assign(picker, without);
    expect(during.filter((member, key) => before[key] !== 3 && member !== before[key])).toEqual([]);
    expect(during).not.toContain(3);
    expect(assign(picker, all(7))).toEqual(before);
  });

  it("copes with weights next to nothing", () => {
    expect(prepare([5e-324]).pick(all(1), KEYS[0]!)).toBe(0);
    expect(prepare([5e-324, 5e-324, 5e-324]).pick(all(3), KEYS[0]!)).not.toBe(-1);
  });

  it("spreads the keys of a member that leaves over all others", () => {
    const picker = prepare(equal(7));
    const before = assign(picker, all(7));
    const without = all(7);
    without[3] = 0;
    const heirs = new Set(assign(picker, without).filter((_, key) => before[key] === 3));
    expect(heirs.size).toBe(6);
  });

  it("follows the weights, and a changed weight moves about the keys it must", () => {
    const members = [1, 2, 4, 1].map((weight, index) => origin(`origin-${index}`, { weight }));
    const picker = policy.prepare(members, options(policy.name), seeded(1));
    const before = assign(picker, all(4));
    [0.125, 0.25, 0.5, 0.125].forEach((expected, index) =>
      expect(Math.abs(share(before, 4)[index]! - expected)).toBeLessThan(0.05),
    );
    members[3]!.weight = 0;
    const after = assign(picker, all(4));
    expect(after).not.toContain(3);
    const movedWithoutNeed = after.filter((member, key) => before[key] !== 3 && member !== before[key]).length;
    expect(movedWithoutNeed / KEYS.length).toBeLessThan(0.08);
  });
});

describe("bounded load", () => {
  it("passes a full member over for the next on the ring, and comes back when it has room", () => {
    const members = equalMembers(4);
    const picker = consistentHash.prepare(members, options("consistent-hash"), seeded(1));
    const request = requestFrom("enam", { key: "hot" });
    const home = picker.pick(all(4), request);
    members[home]!.inFlight = 40;
    for (const member of members) if (member !== members[home]) member.inFlight = 20;
    expect(picker.pick(all(4), request)).not.toBe(home);
    members[home]!.inFlight = 20;
    expect(picker.pick(all(4), request)).toBe(home);
  });

  it("holds every member to balanceFactor times its fair share when one key is all the traffic", () => {
    const members = equalMembers(5);
    const picker = consistentHash.prepare(members, options("consistent-hash"), seeded(1));
    const request = requestFrom("enam", { key: "hot" });
    for (let turn = 0; turn < 1000; turn++) members[picker.pick(all(5), request)]!.inFlight++;
    expect(Math.max(...members.map((member) => member.inFlight))).toBeLessThanOrEqual(1.25 * 200);
  });
});

function equalMembers(count: number) {
  return Array.from({ length: count }, (_, index) => origin(`origin-${index}`));
}
