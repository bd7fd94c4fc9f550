import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refreshAvailability, type ServiceState } from "../../src/steering/availability.ts";
import { backupPlace } from "../../src/steering/backups.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import { explain } from "../../src/steering/explain.ts";
import { refusalOf, type OriginState } from "../../src/steering/origin-state.ts";
import { origin, pool, requestFrom, service, triedInOrder } from "./support.ts";

const NOW = 1_000_000;

const backup = (id: string, place: number, over: Partial<OriginState> = {}) => origin(id, { backup: place, ...over });
const out = { breaker: "open" } as const;

const order = (state: ServiceState, request = requestFrom("enam")) => triedInOrder(state, request, NOW);

/** The share of requests that go to each origin first. */
function firstShares(state: ServiceState): Record<string, number> {
  const shares: Record<string, number> = {};
  const count = 4_000;
  for (let turn = 0; turn < count; turn++) {
    const id = nextCandidate(state, requestFrom("enam", { requestId: `r${turn}`, key: `k${turn}` }), [], NOW)!.origin
      .id;
    shares[id] = (shares[id] ?? 0) + 1 / count;
  }
  return shares;
}

describe("a chain of backups", () => {
  it("comes after every primary, in its order, at most as many as one request may try", () => {
    const pools = () => [
      pool("near", [backup("b2", 2), origin("p1")]),
      pool("far", [origin("p2")]),
      pool("last", [backup("b1", 1), backup("b1b", 1)]),
      pool("third", [backup("b3", 3)]),
    ];
    expect(order(service(pools(), { maxBackups: 9 }))).toEqual(["p1", "p2", "b1", "b1b", "b2", "b3"]);
    expect(order(service(pools(), { maxBackups: 2 }))).toEqual(["p1", "p2", "b1", "b1b"]);
  });

  it("passes a backup over that is out itself", () => {
    const pools = [
      pool("p", [origin("p1", out)]),
      pool("b", [backup("b1", 1, { healthy: false })]),
      pool("c", [backup("b2", 2)]),
    ];
    expect(order(service(pools, { maxBackups: 1 }))).toEqual(["b2"]);
  });

  it("lets the last primary go that only this isolate doubts: somebody else can answer", () => {
    const pools = [pool("p", [origin("p1", { ejectedUntilMs: NOW + 500 })]), pool("b", [backup("b1", 1)])];
    expect(order(service(pools, { maxBackups: 1 }))).toEqual(["b1"]);
    expect(order(service([pools[0]!], { maxBackups: 1 }))).toEqual(["p1"]);
  });

  it("stands before primaries of weight 0, which are kept for when nothing else is left", () => {
    const pools = [pool("p", [origin("p1", out), origin("spare", { weight: 0 })]), pool("b", [backup("b1", 1)])];
    expect(order(service(pools, { maxBackups: 1 }))).toEqual(["b1"]);
    pools[1]!.origins[0]!.administrative = "disabled";
    expect(order(service(pools, { maxBackups: 1 }))).toEqual(["spare"]);
  });

  it("is kept in panic: primaries first, then backups", () => {
    const pools = [pool("b", [backup("b1", 1, out)]), pool("p", [origin("p1", out), origin("p2", { healthy: false })])];
    const state = service(pools, { maxBackups: 1 });
    expect(order(state)).toEqual(["p1", "p2", "b1"]);
    expect(state.panicking).toBe(true);
  });

  it("gives traffic back through the ramp of a primary that recovers", () => {
    const pools = [pool("p", [origin("p1", { admission: 0.3 })]), pool("b", [backup("b1", 1)])];
    const state = service(pools, { maxBackups: 1 });
    const shares = firstShares(state);
    expect(shares["p1"]).toBeCloseTo(0.3, 1);
    expect(shares["b1"]).toBeCloseTo(0.7, 1);
    expect(order(state, requestFrom("enam", { requestId: "x" })).toSorted()).toEqual(["b1", "p1"]);
  });

  it("sends nobody to a backup from a ramp as long as another primary is whole", () => {
    const pools = [pool("p", [origin("p1", { admission: 0.3 }), origin("p2")]), pool("b", [backup("b1", 1)])];
    expect(firstShares(service(pools, { maxBackups: 1 }))["b1"]).toBeUndefined();
  });

  it("takes no traffic from shedding, capacity, canaries, or a pool that is failing", () => {
    const shed = pool("p", [origin("p1", { kept: 0.1 }), origin("p2", out)], {
      shed: { percent: 90, policy: "random" },
    });
    const state = service(
      [shed, pool("b", [backup("b1", 1)])],
      { maxBackups: 1 },
      {
        filters: [{ version: "2", percent: 100 }],
      },
    );
    expect(firstShares(state)).toEqual({ p1: expect.closeTo(1, 5) });
  });

  it("says which of an origin's requests are part of what it keeps of its capacity, and which it gets for want of another", () => {
    const state = service([pool("p", [origin("p1", { kept: 0.5 })]), pool("b", [backup("b1", 1)])], { maxBackups: 1 });
    const shares = Array.from({ length: 200 }, () => nextCandidate(state, requestFrom("enam"), [], NOW)!.share);
    expect(new Set(shares)).toEqual(new Set([0.5, 1]));
  });

  it("is what a rule that names only backups leaves", () => {
    const rules = [{ match: { paths: ["/x"] }, then: { pools: ["b"] } }];
    const state = service([pool("p", [origin("p1")]), pool("b", [backup("b1", 1)])], { maxBackups: 1 }, { rules });
    expect(order(state, requestFrom("enam", { path: "/x" }))).toEqual(["b1"]);
    expect(order(state)).toEqual(["p1", "b1"]);
  });

  it("does not weigh in its pool beside primaries", () => {
    const mixed = pool("p", [origin("p1", { weight: 2 }), backup("b1", 1, { weight: 5 })]);
    const state = service([mixed], { maxBackups: 1 });
    refreshAvailability(state, NOW);
    expect(mixed).toMatchObject({ weight: 2, share: 1 });
  });

  it("never takes a request while a whole primary may, whatever the states", () => {
    const states = fc.record({
      breaker: fc.constantFrom("closed", "open", "half-open"),
      healthy: fc.boolean(),
      administrative: fc.constantFrom("enabled", "draining", "disabled"),
      admission: fc.constantFrom(0.1, 0.5, 1),
      kept: fc.constantFrom(0.1, 1),
      weight: fc.constantFrom(0, 1, 3),
      ejectedUntilMs: fc.constantFrom(0, NOW + 500),
    } as const);
    const placed = fc.tuple(states, fc.nat(3));
    fc.assert(
      fc.property(
        fc.array(fc.array(placed, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        fc.nat(5),
        (drawn, max) => {
          const pools = drawn.map((origins, p) =>
            pool(
              `p${p}`,
              origins.map(([over, place], o) => origin(`o${p}-${o}`, { ...over, backup: place })),
            ),
          );
          const state = service(pools, { maxBackups: max + 1 });
          const all = pools.flatMap(({ origins }) => origins);
          const isWhole = (o: OriginState) =>
            o.backup === 0 && o.weight > 0 && o.admission === 1 && refusalOf(o, NOW) === null;
          const first = nextCandidate(state, requestFrom("enam", { requestId: "r" }), [], NOW);
          const available = all.filter((o) => o.weight > 0 && refusalOf(o, NOW) === null);
          const rightful = all.some(isWhole) ? available.filter((o) => o.backup === 0) : available;
          expect(rightful.length === 0 || rightful.includes(first!.origin)).toBe(true);
          const tried = order(state, requestFrom("enam", { requestId: "r" }));
          expect(new Set(tried).size).toBe(tried.length);
          const backups = tried.filter((id) => all.find((o) => o.id === id)!.backup > 0);
          expect(backups.length).toBeLessThanOrEqual(max + 1);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("an origin's place", () => {
  it("is that of its own name or its pool's", () => {
    expect(backupPlace(["b", "p2"], "b", "b1")).toBe(1);
    expect(backupPlace(["b", "p2"], "p", "p2")).toBe(2);
    expect(backupPlace(["b", "p2"], "p", "p1")).toBe(0);
  });
});

describe("an explanation", () => {
  it("names the backups and who is chosen from", () => {
    const make = (over: Partial<OriginState>) =>
      service([pool("p", [origin("p1", over)]), pool("b", [backup("b1", 1)]), pool("c", [backup("b2", 2)])], {
        maxBackups: 2,
      });
    const told = (state: ServiceState) => {
      const { level, pools } = explain(state, requestFrom("enam"), 0, NOW);
      return { level, ...Object.fromEntries(pools.flatMap((p) => p.origins.map((o) => [o.id, o.passedOver]))) };
    };
    const kept = (place: number) => `backup ${place}, kept for when nothing before it is available`;
    expect(told(make({}))).toEqual({ level: 0, p1: null, b1: kept(1), b2: kept(2) });
    expect(told(make(out))).toEqual({ level: 1, p1: "breaker open", b1: null, b2: kept(2) });
    const places = explain(make({}), requestFrom("enam"), 0, NOW).pools.flatMap((p) => p.origins.map((o) => o.backup));
    expect(places).toEqual([0, 1, 2]);
  });
});
