import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bind, move, type Binding, type BindAsk } from "../../src/affinity/binding.ts";

const lifetime = { ttlSeconds: 1_000, idleSeconds: 100, sliding: true };
const ask = (over: Partial<BindAsk> = {}): BindAsk => ({
  service: "shop",
  proposals: [{ pool: "east", origin: "e1" }],
  lifetime,
  epoch: 3,
  id: "new",
  instead: null,
  ...over,
});

/** One session kept by the rules, asked by many. */
class Kept {
  binding: Binding | null = null;
  bind(over: Partial<BindAsk> = {}, nowMs = 0) {
    const bound = bind(this.binding, ask(over), nowMs);
    this.binding = bound.binding;
    return bound;
  }
  move(over: Partial<Parameters<typeof move>[1]> = {}, nowMs = 0) {
    const asked = {
      id: "new",
      service: "shop",
      from: { pool: "east", origin: "e1" },
      to: { pool: "west", origin: "w1" },
    };
    const moved = move(this.binding, { ...asked, ...over }, nowMs);
    if (moved !== null) this.binding = moved.binding;
    return moved;
  }
}

describe("a session", () => {
  it("is bound by whoever asks first, in whatever order they come and whatever they propose", () => {
    const origins = fc.constantFrom("e1", "e2", "w1", "w2");
    fc.assert(
      fc.property(fc.array(fc.tuple(origins, fc.stringMatching(/^[a-z]{4}$/)), { minLength: 1 }), (asks) => {
        const kept = new Kept();
        const answers = asks.map(([origin, id]) => {
          const { binding, event } = kept.bind({
            id,
            proposals: [{ pool: origin.startsWith("e") ? "east" : "west", origin }],
          });
          return { id: binding.id, origin: binding.origins["shop"], event };
        });
        expect(new Set(answers.map(({ id, origin }) => `${id} ${origin}`)).size).toBe(1);
        expect(answers.filter(({ event }) => event === "created")).toHaveLength(1);
        expect(answers[0]).toMatchObject({ id: asks[0]![1], origin: asks[0]![0] });
      }),
    );
  });

  it("is prolonged by being asked for, but written only when that is worth it", () => {
    const kept = new Kept();
    kept.bind();
    expect(kept.bind({}, 9_999)).toMatchObject({ changed: false, binding: { expiresMs: 100_000 } });
    expect(kept.bind({}, 10_000)).toMatchObject({ changed: true, binding: { expiresMs: 110_000, seenMs: 10_000 } });
    const fixed = new Kept();
    fixed.bind({ lifetime: { ...lifetime, sliding: false } });
    const seen = fixed.bind({ lifetime: { ...lifetime, sliding: false } }, 10_000);
    expect(seen).toMatchObject({ changed: true, binding: { expiresMs: 1_000_000, seenMs: 10_000 } });
  });

  it("begins anew once it is over, or has been ended by an operator", () => {
    const kept = new Kept();
    kept.bind({ id: "first" });
    expect(kept.bind({ id: "second" }, 99_999).binding.id).toBe("first");
    expect(kept.bind({ id: "third", instead: "another" }, 99_999).binding.id).toBe("first");
    expect(kept.bind({ id: "fourth", instead: "first", epoch: 9 }, 99_999)).toMatchObject({
      event: "created",
      binding: { id: "fourth", epoch: 9 },
    });
    expect(kept.bind({ id: "fifth" }, 300_000).binding.id).toBe("fifth");
  });

  it("moves once, whoever says so first, and only from where it is", () => {
    const kept = new Kept();
    kept.bind();
    expect(kept.move()).toMatchObject({ changed: true, binding: { pool: "west", origins: { shop: "w1" } } });
    expect(kept.move({ to: { pool: "east", origin: "e2" } })).toMatchObject({
      changed: false,
      binding: { pool: "west", origins: { shop: "w1" } },
    });
    expect(kept.move({ id: "another" })).toBeNull();
    expect(kept.move({}, 100_000)).toBeNull();
  });
});

describe("a group", () => {
  it("puts its services on the pool of the first, and takes all of them along when it moves", () => {
    const kept = new Kept();
    kept.bind();
    const proposals = [
      { pool: "west", origin: "a-w1" },
      { pool: "east", origin: "a-e1" },
    ];
    expect(kept.bind({ service: "account", proposals }).binding).toMatchObject({
      pool: "east",
      origins: { shop: "e1", account: "a-e1" },
    });
    kept.move();
    expect(kept.binding).toMatchObject({ pool: "west", origins: { shop: "w1" } });
    expect(kept.bind({ service: "account", proposals }).binding.origins).toEqual({ shop: "w1", account: "a-w1" });
  });

  it("leaves a service that has nothing in the pool without an origin", () => {
    const kept = new Kept();
    kept.bind();
    const { binding } = kept.bind({ service: "blog", proposals: [{ pool: "west", origin: "b-w1" }] });
    expect(binding).toMatchObject({ pool: "east", origins: { shop: "e1" } });
  });
});
