import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/cache/memory-store.ts";
import { fields, stored } from "./support.ts";

const key = (name: string, extras = "") => ({ primary: name, target: name, extras });
const entry = (sizeBytes: number, over = {}) => ({
  stored: stored({}, over),
  body: new Uint8Array(sizeBytes),
  derived: null,
});
const nothing = fields({});

describe("the memory", () => {
  it("keeps variants apart and finds the one a request selects", () => {
    const store = new MemoryStore<null>(100_000, 1000);
    const one = entry(1, { selection: [["a", "1"]] });
    const two = entry(1, { selection: [["a", "2"]] });
    store.put(key("k"), one);
    store.put(key("k"), two);
    expect(store.find(key("k"), fields({ a: "1" }))).toBe(one);
    expect(store.find(key("k"), fields({ a: "2" }))).toBe(two);
    expect(store.find(key("k"), fields({ a: "3" }))).toBeNull();
    expect(store.find(key("k", "x"), fields({ a: "1" }))).toBeNull();
    store.drop(key("k"));
    expect(store.find(key("k"), fields({ a: "1" }))).toBeNull();
    expect(store.usedBytes).toBe(0);
  });

  it("replaces a variant of the same selection, and forgets one that has grown too large", () => {
    const store = new MemoryStore<null>(100_000, 1000);
    store.put(key("k"), entry(10));
    const newer = entry(20);
    store.put(key("k"), newer);
    expect(store.find(key("k"), nothing)).toBe(newer);
    store.put(key("k"), entry(1001));
    expect(store.find(key("k"), nothing)).toBeNull();
    expect(store.usedBytes).toBe(0);
  });

  it("does not take a part for the whole", () => {
    const store = new MemoryStore<null>(100_000, 1000);
    const part = entry(5, { range: { first: 0, last: 4, complete: 10 } });
    store.put(key("k"), part);
    expect(store.find(key("k"), nothing)).toBeNull();
    expect(store.parts(key("k"), nothing)).toEqual([part]);
  });

  it("lets the least recently used go", () => {
    const store = new MemoryStore<null>(6000, 1000);
    for (const name of ["a", "b", "c"]) store.put(key(name), entry(1000));
    store.find(key("a"), nothing);
    store.put(key("d"), entry(1000));
    expect(store.find(key("a"), nothing)).not.toBeNull();
    expect(store.find(key("b"), nothing)).toBeNull();
  });

  it("keeps a bounded number of variants", () => {
    const store = new MemoryStore<null>(1_000_000, 1000);
    for (let n = 0; n < 100; n += 1) store.put(key("k"), entry(1, { selection: [["a", String(n)]] }));
    expect(store.variants(key("k"))).toHaveLength(32);
    expect(store.find(key("k"), fields({ a: "99" }))).not.toBeNull();
  });

  it("never uses more than it may, and counts right", () => {
    const step = fc.record({ name: fc.nat(8), variant: fc.nat(3), size: fc.nat(1500), drop: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = new MemoryStore<null>(6000, 1000);
        for (const { name, variant, size, drop } of steps) {
          if (drop) store.drop(key(`k${name}`));
          else store.put(key(`k${name}`), entry(size, { selection: [["a", String(variant)]] }));
          expect(store.usedBytes).toBeLessThanOrEqual(6000);
        }
        for (let name = 0; name <= 8; name += 1) store.drop(key(`k${name}`));
        expect(store.usedBytes).toBe(0);
      }),
    );
  });
});
