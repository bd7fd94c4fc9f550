import { expect, it } from "vitest";
import { roundRobin } from "../../src/steering/round-robin.ts";
import { all, options, origin, requestFrom } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const members = ["a", "b", "c", "d"].map((id) => origin(id));
const request = requestFrom("enam");

it("takes the members in turn, and passes over those not eligible without losing its place", () => {
  const picker = roundRobin.prepare(members, options("round-robin"), () => 0);
  expect([1, 2, 3, 4, 5].map(() => picker.pick(all(4), request))).toEqual([0, 1, 2, 3, 0]);
  expect([1, 2, 3, 4].map(() => picker.pick(Uint8Array.of(1, 0, 1, 1), request))).toEqual([2, 3, 0, 2]);
});

it("starts each isolate somewhere else", () => {
  const random = seeded(7);
  const starts = new Set<number>();
  for (let isolate = 0; isolate < 100; isolate++) {
    starts.add(roundRobin.prepare(members, options("round-robin"), random).pick(all(4), request));
  }
  expect(starts.size).toBe(4);
});
