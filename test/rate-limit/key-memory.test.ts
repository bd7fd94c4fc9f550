import { describe, expect, it } from "vitest";
import { KeyMemory } from "../../src/rate-limit/key-memory.ts";

describe("the memory for keys", () => {
  it("stays bounded under a flood and keeps the keys that come back", () => {
    const memory = new KeyMemory<{ n: number }>(1_000);
    const regulars = Array.from({ length: 100 }, (_, i) => `regular-${i}`);
    for (const key of regulars) memory.use(key, () => ({ n: 0 }));
    for (const key of regulars) memory.use(key, () => ({ n: -1 })).n = 1;
    for (let i = 0; i < 1_000_000; i++) memory.use(`flood-${i}`, () => ({ n: 0 }));
    expect(memory.size).toBeLessThanOrEqual(1_000);
    expect(regulars.filter((key) => memory.peek(key)?.n === 1)).toHaveLength(100);
  });

  it("forgets the least recently used of the kept keys first", () => {
    const memory = new KeyMemory<string>(4);
    for (const key of ["a", "b", "c"]) {
      memory.use(key, () => key);
      memory.use(key, () => "again");
    }
    memory.use("b", () => "again");
    for (const key of ["d", "e", "f"]) {
      memory.use(key, () => key);
      memory.use(key, () => "again");
    }
    expect(memory.size).toBeLessThanOrEqual(4);
    expect(memory.peek("f")).toBe("f");
    expect(memory.peek("a")).toBeUndefined();
  });
});
