import { expect, it } from "vitest";
import { bench } from "./support.ts";

const origin = (id: string) => ({ id, url: `https://${id}.example.com` });

/** A control plane over a service with two origins. */
async function deployment(strategy: "gradual" | "manual") {
  const { call, advance } = await bench({
    services: {
      shop: {
        hosts: ["shop.example.com"],
        pools: { eu: { region: "weur", origins: [origin("eu1"), origin("eu2")] } },
        rebalance: { strategy, stepPercent: 25, stepSeconds: 10 },
      },
    },
  });
  return {
    advance,
    drain: (id: string) => call("operate", "POST", `/api/v1/loadbalancer/instances/shop/${id}/drain`, { body: {} }),
    rollBack: (revision: number) =>
      call("config", "POST", "/api/v1/loadbalancer/config/rollback", { body: { revision } }),
    clear: (key: string) => call("operate", "DELETE", `/api/v1/loadbalancer/overrides/${encodeURIComponent(key)}`),
    /** State and share of its traffic of eu1, and how many changes are under way. */
    now: async () => {
      const instance = await call("read", "GET", "/api/v1/loadbalancer/instances/shop/eu1");
      const { state, admission } = (await instance.json()) as { state: string; admission: number };
      const status = await call("read", "GET", "/api/v1/loadbalancer/rebalance/shop");
      const { changes } = (await status.json()) as { changes: readonly unknown[] };
      return [state, admission, changes.length];
    },
  };
}

it("a rollback is at once, whatever the strategy", async () => {
  const { drain, rollBack, now, advance } = await deployment("gradual");
  await drain("eu1");
  expect(await now()).toEqual(["enabled", 0.75, 1]);
  advance(30_000);
  expect(await now()).toEqual(["draining", 1, 0]);
  expect((await rollBack(0)).status).toBe(200);
  expect(await now()).toEqual(["enabled", 1, 0]);
});

it("a change that waits can be cleared, and nothing has happened", async () => {
  const { drain, clear, now } = await deployment("manual");
  await drain("eu1");
  expect(await now()).toEqual(["enabled", 1, 1]);
  expect((await clear("administrative/eu1")).status).toBe(200);
  expect(await now()).toEqual(["enabled", 1, 0]);
});

it("a drain under way counts as done when another would leave nobody", async () => {
  const { drain } = await deployment("gradual");
  expect((await drain("eu1")).status).toBe(200);
  expect((await drain("eu2")).status).toBe(409);
});
