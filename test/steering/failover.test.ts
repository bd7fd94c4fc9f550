import { expect, it } from "vitest";
import { failover } from "../../src/steering/failover.ts";
import { options, origin, requestFrom } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const picker = failover.prepare(
  [origin("second", { priority: 1 }), origin("first"), origin("also-first")],
  options("failover"),
  seeded(1),
);

it("takes the lowest priority, and among equals the one written first", () => {
  expect(picker.pick(Uint8Array.of(1, 1, 1), requestFrom("weur"))).toBe(1);
});

it("falls to the next priority when nothing better is eligible", () => {
  expect(picker.pick(Uint8Array.of(1, 0, 0), requestFrom("weur"))).toBe(0);
});
