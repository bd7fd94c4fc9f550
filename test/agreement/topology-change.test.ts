import { describe, expect, it } from "vitest";
import { layOver } from "../../src/agreement/overlay.ts";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { rebalanced, released, settled, waitingOf, type UnsignedEntry } from "../../src/agreement/topology-change.ts";
import { defineConfig } from "../../src/config/define.ts";
import { originSchema } from "../../src/config/origin.ts";

const NOW = 1_000_000;
const STEPS = { stepPercent: 25, stepSeconds: 10 };

const config = (strategy: string) =>
  defineConfig({
    registration: { allow: ["https://*.example.com"] },
    services: {
      shop: {
        hosts: ["shop.example.com"],
        pools: { eu: { region: "weur", origins: [{ id: "eu1", url: "https://eu1.example.com", weight: 4 }] } },
        rebalance: { strategy: strategy as "gradual", ...STEPS },
      },
    },
  });

/** A deployment whose overrides change as the API would change them. */
function deployment(strategy: string) {
  const base = config(strategy);
  const overrides = new Map<string, Override>();
  const overlayAt = (nowMs: number) => layOver(base, "base", overrides, nowMs);
  const lay = (entries: readonly UnsignedEntry[]) => {
    for (const { key, value } of entries) {
      if (value === null) overrides.delete(key);
      else overrides.set(key, value);
    }
  };
  return {
    overrides,
    lay,
    change: (key: string, value: Override | null, nowMs = NOW) =>
      lay(rebalanced([{ key, value }], { overrides, overlay: overlayAt(nowMs) }, nowMs)),
    release: (steps: boolean, nowMs = NOW) =>
      lay(released("shop", steps, { overrides, overlay: overlayAt(nowMs) }, nowMs)),
    waiting: () => waitingOf("shop", { overrides, overlay: overlayAt(NOW) }).map(([key]) => key),
    /** What isolates go by, so many seconds later. */
    at: (seconds: number, id = "eu1") => {
      const { administrative, shares, weights } = overlayAt(NOW + seconds * 1000);
      return [administrative.get(id) ?? "enabled", shares.get(id) ?? 1, weights.get(id) ?? 4];
    },
  };
}

const state = (state: "draining" | "disabled" | "enabled"): Override => ({
  kind: "administrative",
  origin: "eu1",
  state,
  expiresAtMs: null,
});
const weight = (to: number): Override => ({ kind: "weight", origin: "eu1", weight: to, expiresAtMs: null });
const registration: Override = {
  kind: "registration",
  service: "shop",
  pool: "eu",
  origin: originSchema.parse({ id: "new1", url: "https://new1.example.com" }),
  ttlSeconds: null,
  expiresAtMs: null,
};
const STATE = "administrative/eu1";
const WEIGHT = "weight/eu1";

describe("under `immediate`", () => {
  it("changes stay as they are", () => {
    const { change, overrides, at } = deployment("immediate");
    change(STATE, state("draining"));
    change(WEIGHT, weight(8));
    expect([...overrides.values()]).toEqual([state("draining"), weight(8)]);
    expect(at(0)).toEqual(["draining", 1, 8]);
  });
});

describe("under `gradual`", () => {
  it("a drain loses its traffic in steps, and comes back in steps from where it was", () => {
    const { change, at, overrides } = deployment("gradual");
    change(STATE, state("draining"));
    expect([0, 10, 20, 30].map((seconds) => at(seconds).slice(0, 2))).toEqual([
      ["enabled", 0.75],
      ["enabled", 0.5],
      ["enabled", 0.25],
      ["draining", 1],
    ]);
    change(STATE, null, NOW + 10_000);
    expect([10, 20, 40].map((seconds) => at(seconds)[1])).toEqual([0.625, 0.75, 1]);
    expect(overrides.get(STATE)!.expiresAtMs).toBe(NOW + 40_000);
  });

  it("a weight moves in steps, also back to the configured one", () => {
    const { change, at } = deployment("gradual");
    change(WEIGHT, weight(8));
    expect([0, 30].map((seconds) => at(seconds)[2])).toEqual([5, 8]);
    change(WEIGHT, null, NOW + 60_000);
    expect([60, 70, 90, 1000].map((seconds) => at(seconds)[2])).toEqual([7, 6, 4, 4]);
  });

  it("disabling is at once, and what is enabled afterwards comes back in steps", () => {
    const { change, at } = deployment("gradual");
    change(STATE, state("disabled"));
    expect(at(0)[0]).toBe("disabled");
    change(STATE, null);
    expect(at(0).slice(0, 2)).toEqual(["enabled", 0.25]);
  });

  it("a registered origin ramps up, once: who registers again goes on where it was", () => {
    const { change, at } = deployment("gradual");
    change("registration/new1", registration);
    change("registration/new1", registration, NOW + 20_000);
    expect([0, 20, 30].map((seconds) => at(seconds, "new1")[1])).toEqual([0.25, 0.75, 1]);
  });

  it("who deregisters is drained at once", () => {
    const { overrides, lay, at } = deployment("gradual");
    overrides.set("registration/new1", registration);
    const drain = { kind: "administrative", origin: "new1", state: "draining", expiresAtMs: null } as const;
    const leaving = [
      { key: "registration/new1", value: { ...registration, expiresAtMs: NOW + 30_000 } },
      { key: "administrative/new1", value: drain },
    ];
    const overlay = layOver(config("gradual"), "base", overrides, NOW);
    lay(rebalanced(leaving, { overrides, overlay }, NOW));
    expect(at(0, "new1")[0]).toBe("draining");
  });

  it("a change that changes nothing takes no steps", () => {
    const { change, overrides } = deployment("gradual");
    change(WEIGHT, weight(4));
    expect(overrides.get(WEIGHT)).toEqual(weight(4));
  });
});

describe("under `manual`", () => {
  it("changes wait, whatever time passes, until they are released", () => {
    const { change, at, waiting, release, overrides } = deployment("manual");
    change(STATE, state("draining"));
    change(WEIGHT, weight(8));
    change("registration/new1", registration);
    expect(at(1e6)).toEqual(["enabled", 1, 4]);
    expect(at(1e6, "new1")[0]).toBe("waiting");
    expect(waiting()).toEqual([STATE, WEIGHT, "registration/new1"]);
    release(false);
    expect(at(0)).toEqual(["draining", 1, 8]);
    expect(at(0, "new1")[0]).toBe("enabled");
    expect(waiting()).toEqual([]);
    expect(overrides.get(STATE)).toEqual(state("draining"));
  });

  it("what waits to come back stays what it was, and can be released in steps", () => {
    const { change, at, release, overrides } = deployment("manual");
    overrides.set(STATE, state("disabled"));
    change(STATE, null);
    expect(at(1e6)[0]).toBe("disabled");
    release(true);
    expect(at(0).slice(0, 2)).toEqual(["enabled", 0.25]);
    expect(overrides.get(STATE)!.expiresAtMs).toBe(NOW + 30_000);
  });

  it("what is released at once and says what is configured leaves nothing behind", () => {
    const { change, release, overrides } = deployment("manual");
    overrides.set(STATE, state("draining"));
    change(STATE, null);
    release(false);
    expect(overrides.has(STATE)).toBe(false);
  });
});

describe("overrides as they come to in the end", () => {
  it("are without steps", () => {
    const { change, overrides } = deployment("gradual");
    change(STATE, state("draining"));
    const keyed = new Map([...settled(overrides)].map(([key, value]) => [key, value]));
    expect(keyed.get(overrideKey(state("draining")))).toEqual(state("draining"));
  });
});
