import { describe, expect, it } from "vitest";
import { durableObjectCallsPer } from "../../bench/main-job/steady-state.ts";

describe("Durable Object calls in steady state", () => {
  it("are none, however many requests come while the hub holds the isolate's call", async () => {
    expect(await durableObjectCallsPer(50)).toBe(0);
  });

  it("are seen when a service asks for an exact count", async () => {
    const exact = { name: "exact", limit: 1000, windowSeconds: 60, mode: "exact" } as const;
    expect(await durableObjectCallsPer(50, [exact])).toBeGreaterThanOrEqual(1);
  });
});
