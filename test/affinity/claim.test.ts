import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimOf, type Claim } from "../../src/affinity/claim.ts";
import { homeOf, makeAtlas, settledAt } from "../../src/affinity/places.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import { refusalOf, type OriginState } from "../../src/steering/origin-state.ts";
import { origin, pool, requestFrom, service } from "../steering/support.ts";

const NOW = 1_000_000;

/** Two pools of two: a1, a2, b1, b2. The session is at home at a1. */
function fleet(over: Partial<Record<string, Partial<OriginState>>> = {}, steering: object = {}) {
  const make = (id: string) => origin(id, over[id] ?? {});
  return service([pool("a", [make("a1"), make("a2")]), pool("b", [make("b1"), make("b2")])], {}, steering);
}

function claim(
  state: ReturnType<typeof fleet>,
  {
    places = ["origin:a1"],
    onUnavailable = "temporary",
    drainSeconds = 300,
    request = requestFrom("enam"),
    id = "0000000000000001",
  }: {
    places?: string[];
    onUnavailable?: "temporary" | "sticky" | "none";
    drainSeconds?: number;
    request?: ReturnType<typeof requestFrom>;
    id?: string;
  } = {},
): string {
  const home = homeOf(makeAtlas(state), places);
  return told(claimOf(state, request, home, { onUnavailable, drainSeconds }, id, NOW));
}

function told(claim: Claim): string {
  if (claim.kind === "stay") return `stay at ${claim.candidate.origin.id}`;
  if (claim.kind === "within") return `within ${claim.pool.id}${claim.moves ? ", and move" : ""}`;
  if (claim.kind === "free") return claim.moves ? "anywhere, and move" : "elsewhere for now";
  return claim.kind;
}

const OUT: [string, Partial<OriginState>][] = [
  ["disabled", { administrative: "disabled" }],
  ["open", { breaker: "open" }],
  ["half-open", { breaker: "half-open" }],
  ["unhealthy", { healthy: false }],
  ["ejected here", { ejectedUntilMs: NOW + 1_000 }],
];

describe("a session", () => {
  it("goes to its origin, wherever the policy would send it", () => {
    expect(claim(fleet(), { places: ["origin:b2"] })).toBe("stay at b2");
  });

  it("that has no home goes where steering sends it, and is at home there", () => {
    expect(claim(fleet(), { places: [] })).toBe("anywhere, and move");
    expect(claim(fleet(), { places: ["origin:gone"] })).toBe("anywhere, and move");
  });

  it.each(OUT)("never revives an origin that is %s", (_what, state) => {
    expect(claim(fleet({ a1: state }))).toBe("elsewhere for now");
    expect(claim(fleet({ a1: state }), { onUnavailable: "sticky" })).toBe("anywhere, and move");
    expect(claim(fleet({ a1: state }), { onUnavailable: "none" })).toBe("refused");
  });

  it("keeps its origin when weights change, to zero even", () => {
    expect(claim(fleet({ a1: { weight: 0 } }))).toBe("stay at a1");
  });

  it("keeps its origin whatever a canary, shedding or capacity prefer for new ones", () => {
    const canary = { filters: [{ version: "2", percent: 100 }] };
    const state = fleet({ a1: { kept: 0.1 } }, canary);
    expect(claim(state)).toBe("stay at a1");
  });

  it("does not cross the fence of a rule or a filter, and is at home where it was afterwards", () => {
    const ruled = fleet({}, { rules: [{ match: { paths: ["/b/*"] }, then: { pools: ["b"] } }] });
    const behind = requestFrom("enam", { path: "/b/1" });
    for (const onUnavailable of ["temporary", "sticky", "none"] as const) {
      expect(claim(ruled, { request: behind, onUnavailable })).toBe("elsewhere for now");
      expect(claim(ruled, { onUnavailable })).toBe("stay at a1");
    }
    expect(claim(fleet({}, { filters: [{ region: "weur" }] }))).toBe("elsewhere for now");
  });

  it("stays on a draining origin until its time is over, and then moves for good", () => {
    const draining = (drainingSinceMs: number) => fleet({ a1: { administrative: "draining", drainingSinceMs } });
    expect(claim(draining(NOW - 299_999))).toBe("stay at a1");
    expect(claim(draining(NOW - 300_000))).toBe("anywhere, and move");
    expect(claim(draining(NOW - 300_000), { onUnavailable: "none" })).toBe("anywhere, and move");
    expect(claim(draining(NOW), { drainSeconds: 0 })).toBe("anywhere, and move");
  });

  it("does not stay on a draining origin that fails", () => {
    const state = fleet({ a1: { administrative: "draining", drainingSinceMs: NOW, breaker: "open" } });
    expect(claim(state)).toBe("elsewhere for now");
  });

  it("comes back to a recovering origin as its ramp grows, session by session", () => {
    const ids = Array.from({ length: 400 }, (_, index) => index.toString(16).padStart(16, "0"));
    const back = (admission: number) => {
      const state = fleet({ a1: { admission } });
      return new Set(ids.filter((id) => claim(state, { id }) === "stay at a1"));
    };
    const few = back(0.1);
    const half = back(0.5);
    expect(few.size).toBeGreaterThan(15);
    expect(few.size).toBeLessThan(80);
    expect([...few].every((id) => half.has(id))).toBe(true);
    expect(back(1).size).toBe(400);
    expect(claim(fleet({ a1: { admission: 0.01 } }), { onUnavailable: "none" })).toBe("stay at a1");
  });

  it("uses its origin like everybody else while nothing at all is available", () => {
    const out: Partial<OriginState> = { breaker: "open" };
    expect(claim(fleet({ a1: out, a2: out, b1: out, b2: out }))).toBe("stay at a1");
  });

  it("never goes to an origin that may not take requests while another may", () => {
    const states = fc.constantFrom<Partial<OriginState>>({}, { weight: 0 }, ...OUT.map(([, state]) => state));
    fc.assert(
      fc.property(
        fc.record({ a1: states, a2: states, b1: states, b2: states }),
        fc.constantFrom("temporary" as const, "sticky" as const, "none" as const),
        fc.constantFrom("a1", "a2", "b1", "b2"),
        (over, onUnavailable, id) => {
          const state = fleet(over);
          const home = homeOf(makeAtlas(state), [`origin:${id}`]);
          const made = claimOf(state, requestFrom("enam"), home, { onUnavailable, drainSeconds: 0 }, "x", NOW);
          const anyAvailable = state.pools.some((pool) => pool.origins.some((one) => refusalOf(one, NOW) === null));
          const isRefused = refusalOf(home.origin!.origin, NOW) !== null;
          expect(made.kind === "stay" && isRefused && anyAvailable).toBe(false);
          expect(made.kind === "stay" || isRefused).toBe(true);
        },
      ),
    );
  });
});

describe("a session of a pool", () => {
  it("stays within it while one of its origins may take requests", () => {
    expect(claim(fleet(), { places: ["pool:b"] })).toBe("within b, and move");
    const out = { breaker: "open" } as const;
    expect(claim(fleet({ b1: out, b2: out }), { places: ["pool:b"] })).toBe("elsewhere for now");
    expect(claim(fleet({ b1: out, b2: out }), { places: ["pool:b"], onUnavailable: "none" })).toBe("refused");
  });

  it("is given candidates of that pool only", () => {
    const state = fleet();
    const wish = { pool: state.pools[1]!, within: null };
    const first = nextCandidate(state, requestFrom("enam"), [], NOW, wish)!;
    const second = nextCandidate(state, requestFrom("enam"), [first], NOW, wish)!;
    expect([first.origin.id, second.origin.id]).toEqual(["b1", "b2"]);
    expect(nextCandidate(state, requestFrom("enam"), [first, second], NOW, wish)).toBeNull();
  });
});

describe("a session of a group", () => {
  const places = ["pool:a", "origin:a1", "origin:of-another-service"];

  it("goes to its origin in the group's pool, and to another of the pool while that is out", () => {
    expect(claim(fleet(), { places })).toBe("stay at a1");
    expect(claim(fleet({ a1: { breaker: "open" } }), { places })).toBe("within a");
    expect(claim(fleet({ a1: { breaker: "open" } }), { places, onUnavailable: "sticky" })).toBe("within a, and move");
  });

  it("follows the group when that has moved to another pool", () => {
    expect(claim(fleet(), { places: ["pool:b", "origin:a1"] })).toBe("within b, and move");
  });

  it("keeps what the other services wrote as long as the pool is theirs too", () => {
    const state = fleet();
    const atlas = makeAtlas(state);
    const [a, b] = state.pools;
    const group = { scope: "origin", group: "g" } as const;
    expect(settledAt(group, atlas, places, { pool: a!, origin: a!.origins[1]! })).toEqual([
      "pool:a",
      "origin:a2",
      "origin:of-another-service",
    ]);
    expect(settledAt(group, atlas, places, { pool: b!, origin: b!.origins[0]! })).toEqual(["pool:b", "origin:b1"]);
  });
});
