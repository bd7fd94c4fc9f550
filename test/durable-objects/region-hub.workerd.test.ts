import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { RegionHub } from "../../durable-objects/region-hub.ts";
import type { Versions } from "../../src/agreement/protocol.ts";
import { LEASE_MS } from "../../src/agreement/timing.ts";
import { namespaces, restart, syncRequest } from "./support.workerd.ts";

const { REGION_HUB, CONTROL_PLANE } = namespaces(env);
const control = CONTROL_PLANE.getByName("control-plane");
const tag = (value: string) => ({ key: value, value: { kind: "tag", service: null, value, soft: false } as const });

/** Each test has a hub of its own: shards share nothing. */
let nextShard = 1;
const newName = () => `weur.${nextShard++}`;
const newHub = () => REGION_HUB.getByName(newName());

/** Waits until the hub holds an isolate's call, and what its first contact with the ControlPlane releases is past. */
async function untilHeld(hub: DurableObjectStub<RegionHub>): Promise<void> {
  await scheduler.wait(100);
  await vi.waitFor(async () => expect((await hub.describe()).held).toBe(1));
}

describe("RegionHub", () => {
  it("answers an isolate without a lease at once, and grants one", async () => {
    const started = Date.now();
    const answer = await newHub().sync(syncRequest("a"));
    expect(answer.leaseMs).toBe(5_000);
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  it("holds the call of an isolate that has everything, until something changes", async () => {
    const hub = newHub();
    const first = await hub.sync(syncRequest("a"));
    const held = hub.sync(syncRequest("a", { have: first.versions, lease: true }));
    await untilHeld(hub);
    const started = Date.now();
    const { version } = await control.append("purges", [tag("news")], {});
    const answer = await held;
    // Held to its end it would come later.
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(answer.delta?.purges?.entries).toEqual([
      { key: "news", version, value: { kind: "tag", service: null, value: "news", soft: false, epoch: version } },
    ]);
  });

  it("answers a held call at once when a breaker says something of an origin", async () => {
    const hub = newHub();
    const first = await hub.sync(syncRequest("a"));
    const held = hub.sync(syncRequest("a", { have: first.versions, lease: true }));
    await untilHeld(hub);
    const started = Date.now();
    const state = { version: 1, breaker: "open", admission: 1, verdict: "unknown" } as const;
    await hub.push({ section: "origins", origin: "use1", state });
    const answer = await held;
    // Held to its end it would come later.
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(answer.delta?.origins?.entries).toMatchObject([{ key: "use1", value: { breaker: "open" } }]);
  });

  it("holds no call longer than two seconds", async () => {
    const hub = newHub();
    const first = await hub.sync(syncRequest("a"));
    const started = Date.now();
    const answer = await hub.sync(syncRequest("a", { have: first.versions, lease: true }));
    // Two of them fit into a lease.
    expect(Date.now() - started).toBeLessThan(LEASE_MS / 2);
    expect(Date.now() - started).toBeGreaterThan(1_900);
    expect(answer.delta).toBeNull();
  });

  it("confirms when the isolate has come back with the change", async () => {
    const hub = newHub();
    let { versions } = await hub.sync(syncRequest("a"));
    const { version } = await control.append("purges", [tag("sport")], {});
    expect(await hub.confirm("purges", version, 0)).toMatchObject({ complete: false });
    ({ versions } = await hub.sync(syncRequest("a", { have: versions, lease: true })));
    const confirmed = hub.confirm("purges", version, 4_000);
    const ack = hub.sync(syncRequest("a", { have: versions, lease: true }));
    expect(await confirmed).toMatchObject({ complete: true, effectiveWithinMs: 0 });
    await ack;
  });

  it("gives everything anew after a restart, under another instance name", async () => {
    const name = newName();
    const before = await REGION_HUB.getByName(name).sync(syncRequest("a"));
    await control.append(
      "overrides",
      [
        {
          key: "administrative/euw1",
          value: { kind: "administrative", origin: "euw1", state: "draining", expiresAtMs: Infinity },
        },
      ],
      {},
    );
    await restart(REGION_HUB.getByName(name));
    const after = await REGION_HUB.getByName(name).sync(syncRequest("a", { have: before.versions, lease: true }));
    expect(after.versions.hub).not.toBe(before.versions.hub);
    expect(after.delta?.overrides?.entries).toHaveLength(1);
    expect(after.leaseMs).toBe(5_000);
  });

  it("waits, after a restart, for the leases of the instance before", async () => {
    const name = newName();
    await REGION_HUB.getByName(name).sync(syncRequest("a"));
    await restart(REGION_HUB.getByName(name));
    const { version } = await control.append("purges", [tag("late")], {});
    const answer = await REGION_HUB.getByName(name).confirm("purges", version, 0);
    expect(answer.complete).toBe(false);
    expect(answer.effectiveWithinMs).toBeGreaterThan(4_000);
    expect(answer.effectiveWithinMs).toBeLessThanOrEqual(5_250);
  });

  it("grants no lease that it cannot write down", async () => {
    const hub = newHub();
    await runInDurableObject(hub, async (object, { storage }) => {
      const full = () => {
        throw new Error("disk full");
      };
      Object.defineProperty(storage.kv, "put", { value: full, configurable: true });
      await expect(object.sync(syncRequest("a"))).rejects.toThrow("disk full");
      Reflect.deleteProperty(storage.kv, "put");
    });
    expect((await hub.sync(syncRequest("a"))).leaseMs).toBe(5_000);
  });

  it("shares its isolates with another hub soon after there are too many for one", { timeout: 15_000 }, async () => {
    const hub = REGION_HUB.getByName("oc");
    const isolates = Array.from({ length: 450 }, (_, index) => syncRequest(`isolate-${index}`, { region: "oc" }));
    await Promise.all(isolates.map((request) => hub.sync(request)));
    const startedMs = Date.now();
    while ((await hub.describe()).shards < 2 && Date.now() - startedMs < 5_000) await scheduler.wait(50);
    expect(Date.now() - startedMs).toBeLessThan(4_000);
    expect((await hub.sync(isolates[0]!)).shards).toBe(2);
  });

  it("takes nothing from a protocol it does not know", async () => {
    const request = { ...syncRequest("a"), protocol: 9 as unknown as 1 };
    await runInDurableObject(newHub(), (hub) =>
      expect(hub.sync(request)).rejects.toThrow("Expected `protocol` to be 1, got 9"),
    );
  });

  it("does not roll back an isolate that is ahead of it", async () => {
    const hub = newHub();
    const { versions } = await hub.sync(syncRequest("a"));
    const ahead: Versions = { ...versions, purges: versions.purges + 100 };
    const answer = await hub.sync(syncRequest("b", { have: ahead }));
    expect(answer.delta?.purges).toBeUndefined();
  });
});
