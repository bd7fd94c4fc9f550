import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextCandidate } from "../../src/steering/candidates.ts";
import type { ServiceState } from "../../src/steering/availability.ts";
import { refusalOf } from "../../src/steering/origin-state.ts";
import { origin, pool, requestFrom, service, triedInOrder } from "./support.ts";

const NOW = 1_000_000;
const request = requestFrom("enam");

const order = (state: ServiceState) => triedInOrder(state, request, NOW);

describe("the order of candidates", () => {
  it("tries another pool before another origin of the same pool", () => {
    expect(order(service([pool("p", [origin("p1"), origin("p2")]), pool("q", [origin("q1")])]))).toEqual([
      "p1",
      "q1",
      "p2",
    ]);
  });

  it("leaves out what is drained, disabled, open, unhealthy or ejected here", () => {
    const origins = [
      origin("drained", { administrative: "draining" }),
      origin("disabled", { administrative: "disabled" }),
      origin("open", { breaker: "open" }),
      origin("sick", { healthy: false }),
      origin("ejected", { ejectedUntilMs: NOW + 1000 }),
      origin("good"),
    ];
    expect(order(service([pool("p", origins)]))).toEqual(["good"]);
  });

  it("takes an origin back when its ejection ends", () => {
    const state = service([pool("p", [origin("a", { ejectedUntilMs: NOW + 1000 }), origin("b")])]);
    expect(order(state)).toEqual(["b"]);
    expect(nextCandidate(state, request, [], NOW + 1000)?.origin.id).toBe("a");
  });
});

/** The share of requests for which `back` comes first. */
const share = (state: ServiceState) => {
  const ids = Array.from({ length: 5_000 }, (_, i) => requestFrom("enam", { requestId: `request-${i}` })).map(
    (request) => nextCandidate(state, request, [], NOW)?.origin.id,
  );
  return ids.filter((id) => id === "back").length / ids.length;
};

const back = (admission: number) => origin("back", { admission });

describe("an origin that is coming back", () => {
  it("takes its share of requests, whatever the policy prefers", () => {
    expect(share(service([pool("p", [back(0.1)]), pool("q", [origin("other")])]))).toBeCloseTo(0.1, 1);
    expect(share(service([pool("p", [back(0.6), origin("other")])]))).toBeCloseTo(0.6, 1);
  });

  it("takes everything when nobody else is there", () => {
    expect(share(service([pool("p", [back(0.1), origin("open", { breaker: "open" })])]))).toBe(1);
  });

  it("is tried after the others when a request is beyond its share", () => {
    const state = service([pool("p", [back(0.000_001)]), pool("q", [origin("other")])]);
    expect(order(state)).toEqual(["other", "back"]);
    expect(order(state)).toEqual(["other", "back"]);
  });
});

describe("origins that wait for trials", () => {
  it("are listed unless an operator or a health check took them out", () => {
    const origins = [
      origin("a", { breaker: "half-open" }),
      origin("b", { breaker: "half-open", administrative: "draining" }),
      origin("c", { breaker: "half-open", healthy: false }),
      origin("d"),
    ];
    const state = service([pool("p", origins)]);
    expect(order(state)).toEqual(["d"]);
    expect(state.halfOpen.map((standing) => standing.origin.id)).toEqual(["a"]);
  });
});

describe("ejecting too many", () => {
  it("keeps the least doubted origins in use beyond `maxEjected`", () => {
    const origins = [
      origin("open", { breaker: "open" }),
      origin("ejected", { ejectedUntilMs: NOW + 500 }),
      origin("good"),
    ];
    expect(order(service([pool("p", origins)], { maxEjected: 1 }))).toEqual(["ejected", "good"]);
  });

  it("never takes the last available origin on this isolate's evidence alone", () => {
    const origins = [origin("a", { ejectedUntilMs: NOW + 900 }), origin("b", { ejectedUntilMs: NOW + 100 })];
    const state = service([pool("p", origins)], { panicMode: "fail-closed" });
    expect(order(state)).toEqual(["b"]);
    expect(state.panicking).toBe(false);
  });

  it("uses everything that no operator took out when nothing is available and panic is fail-open", () => {
    const origins = [
      origin("open", { breaker: "open" }),
      origin("sick", { healthy: false }),
      origin("drained", { administrative: "draining" }),
    ];
    const state = service([pool("p", origins)]);
    expect(order(state)).toEqual(["open", "sick"]);
    expect(state.panicking).toBe(true);
  });

  it("uses nothing when nothing is available and panic is fail-closed", () => {
    expect(order(service([pool("p", [origin("open", { breaker: "open" })])], { panicMode: "fail-closed" }))).toEqual(
      [],
    );
  });
});

it("never yields an unavailable origin while an available one exists, nor one origin twice", () => {
  const state = fc.record({
    administrative: fc.constantFrom("enabled" as const, "draining" as const, "disabled" as const),
    breaker: fc.constantFrom("closed" as const, "open" as const, "half-open" as const),
    healthy: fc.boolean(),
    ejectedUntilMs: fc.constantFrom(0, NOW + 1, NOW + 1000),
  });
  fc.assert(
    fc.property(fc.array(fc.array(state, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), (shape) => {
      const pools = shape.map((origins, p) =>
        pool(
          `p${p}`,
          origins.map((over, o) => origin(`p${p}o${o}`, over)),
        ),
      );
      const ids = order(service(pools));
      expect(new Set(ids).size).toBe(ids.length);
      const available = pools.flatMap((p) => p.origins.filter((o) => refusalOf(o, NOW) === null)).map((o) => o.id);
      expect(ids.filter((id) => available.includes(id)).toSorted()).toEqual(available.toSorted());
      expect(available.length > 0 && ids.length > available.length).toBe(false);
    }),
  );
});
