import { describe, expect, it } from "vitest";
import { lossMs, type Choice } from "../../src/steering/next-best.ts";
import { unitVector } from "../../src/steering/place.ts";

const NOW_MS = 1_800_000_000_000;
const FRANKFURT = unitVector([50.1, 8.7]);
const PARIS = unitVector([48.9, 2.4]);
const TOKYO = unitVector([35.7, 139.7]);

function choice(latencyMs: number, over: Partial<Choice> = {}): Choice {
  return { vector: FRANKFURT, latency: { latencyMs, latencyAtMs: NOW_MS, latencySamples: 9 }, usable: true, ...over };
}

const loss = (own: Choice, ...others: Choice[]) => lossMs(own, others, FRANKFURT, NOW_MS);

describe("what a region loses by its next best origin", () => {
  it("is the difference to the fastest of the others", () => {
    expect(loss(choice(40), choice(300), choice(70), choice(90))).toBe(30);
    expect(loss(choice(40), choice(25))).toBe(-15);
  });

  it("leaves out an origin where nobody would be sent", () => {
    expect(loss(choice(40), choice(25, { usable: false }), choice(70))).toBe(30);
  });

  it("has no end where there is no other", () => {
    expect(loss(choice(40))).toBe(Infinity);
    expect(loss(choice(40), choice(25, { usable: false }))).toBe(Infinity);
  });

  it("goes by the distance where nothing was measured", () => {
    const tokyo = choice(Number.NaN, { vector: TOKYO });
    expect(loss(choice(0), choice(Number.NaN, { vector: PARIS }), tokyo)).toBeCloseTo(4.8, 0);
    expect(loss(choice(0), tokyo)).toBeGreaterThan(90);
  });
});
