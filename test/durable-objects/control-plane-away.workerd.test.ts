import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { ControlPlane } from "../../durable-objects/control-plane.ts";
import { namespaces, restart, syncRequest } from "./support.workerd.ts";

const { REGION_HUB, CONTROL_PLANE } = namespaces(env);
const control = () => CONTROL_PLANE.getByName("control-plane");

/** From now on the ControlPlane answers no hub, until it is restarted. */
const goAway = () =>
  runInDurableObject(control(), (object: ControlPlane) => {
    object.contact = () => Promise.reject(new Error("away"));
  });

describe("a hub whose ControlPlane is away", () => {
  it("answers soon, but grants no lease before it has registered", async () => {
    await goAway();
    const hub = REGION_HUB.getByName("oc");
    const startedMs = Date.now();
    const answer = await hub.sync(syncRequest("a"));
    expect(answer.leaseMs).toBe(0);
    expect(Date.now() - startedMs).toBeLessThan(1_000);
    await restart(control());
    await scheduler.wait(1_100);
    expect((await hub.sync(syncRequest("a"))).leaseMs).toBe(5_000);
  });

  it("goes on granting leases for the rest of its thirty seconds", async () => {
    const hub = REGION_HUB.getByName("me");
    await hub.sync(syncRequest("a"));
    await goAway();
    await scheduler.wait(500);
    expect((await hub.sync(syncRequest("b"))).leaseMs).toBe(5_000);
    await restart(control());
  });
});
