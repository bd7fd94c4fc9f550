import { describe, expect, it, vi } from "vitest";
import { HubFailovers } from "../../durable-objects/hub-failovers.ts";
import type { OriginStore } from "../../durable-objects/hub-origins.ts";
import type { OriginReading } from "../../src/agreement/protocol.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { AdministrativeState } from "../../src/steering/origin-state.ts";

const config = defineConfig({
  services: {
    shop: {
      hosts: ["shop.example.com"],
      pools: {
        eu: { region: "weur", origins: [{ id: "eu1", url: "https://eu1.example.com" }] },
        dr: { region: "oc", origins: [{ id: "dr1", url: "https://dr1.example.com" }] },
      },
      failover: { backups: ["dr"] },
    },
  },
});

/** A hub's part over storage that outlives it; writes are counted. */
function hub(stored = new Map<string, unknown>()) {
  let writes = 0;
  const disk = { isFull: false };
  const store = {
    get: (key: string) => stored.get(key),
    put: (key: string, value: unknown) => {
      if (disk.isFull) throw new Error("disk full");
      writes++;
      stored.set(key, structuredClone(value));
    },
  } as unknown as OriginStore;
  const failovers = new HubFailovers(store);
  return {
    stored,
    disk,
    writes: () => writes,
    log: () => failovers.log,
    look: (
      nowMs: number,
      breakers: Record<string, OriginReading["breaker"]>,
      out: Record<string, AdministrativeState> = {},
    ) =>
      failovers.look(
        { config, administrative: new Map(Object.entries(out)), weights: new Map() },
        new Map(Object.entries(breakers).map(([id, breaker]) => [id, { breaker, healthy: true } as OriginReading])),
        nowMs,
      ),
  };
}

describe("a hub's log of failovers", () => {
  it("notes who serves when that changes, and writes nothing when it does not", () => {
    const { look, log, writes } = hub();
    look(1, {});
    look(2, { eu1: "closed", dr1: "open" });
    expect([log(), writes()]).toEqual([{ serving: {}, failovers: [] }, 0]);
    look(3, { eu1: "open" });
    look(4, { eu1: "half-open" });
    expect(log().serving["shop"]).toEqual({ by: "dr", sinceMs: 3, failovers: 1 });
    look(5, { eu1: "half-open" }, { dr1: "draining" });
    look(6, { eu1: "closed" }, { dr1: "draining" });
    expect(log().failovers).toEqual([
      { atMs: 3, service: "shop", from: "primaries", to: "dr", reason: "eu1 breaker open" },
      { atMs: 5, service: "shop", from: "dr", to: "panic", reason: "eu1 half-open, dr1 draining" },
      { atMs: 6, service: "shop", from: "panic", to: "primaries", reason: "available: eu1" },
    ]);
    expect(writes()).toBe(3);
  });

  it("outlives the hub, and keeps the last 100 while it counts them all", () => {
    const before = hub();
    for (let nth = 0; nth < 120; nth++) before.look(nth, { eu1: nth % 2 === 0 ? "open" : "closed" });
    const after = hub(before.stored);
    expect(after.log().failovers).toHaveLength(100);
    expect(after.log().serving["shop"]).toEqual({ by: "primaries", sinceMs: 119, failovers: 120 });
    after.look(200, { eu1: "closed" });
    expect(after.writes()).toBe(0);
  });

  it("holds in memory what cannot be stored, and is stored with what comes next", () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { look, log, disk, stored } = hub();
    disk.isFull = true;
    look(1, { eu1: "open" });
    expect(log().serving["shop"]).toMatchObject({ by: "dr" });
    expect(logged).toHaveBeenCalledTimes(1);
    disk.isFull = false;
    look(2, { eu1: "closed" });
    expect(hub(stored).log().failovers).toHaveLength(2);
    logged.mockRestore();
  });
});
