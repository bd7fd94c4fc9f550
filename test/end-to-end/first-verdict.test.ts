// An origin that is added at runtime, in several places: no traffic before somebody has seen that it is well.
import { afterEach, expect, it, vi } from "vitest";
import type { Registration } from "../../src/agreement/override.ts";
import { defineConfig } from "../../src/config/define.ts";
import { originSchema } from "../../src/config/origin.ts";
import type { OriginInspection } from "../../src/resilience/origin-history.ts";
import { until } from "../support/api.ts";
import { startFickleOrigin, type FickleOrigin } from "../support/fickle-origin.ts";
import { keepBusy, startPlaces, type Places } from "../support/places.ts";

const PLACES = 2;

let bundled: FickleOrigin;
let added: FickleOrigin;
let places: Places;
let busy: { stop: () => Promise<void> }[];
const statuses = new Set<number>();

/** Registers the origin as the control plane does. */
async function register(): Promise<void> {
  const registration: Registration = {
    kind: "registration",
    service: "demo",
    pool: "first",
    origin: originSchema.parse({ id: "added", url: `http://127.0.0.1:${added.port}`, weight: 100 }),
    ttlSeconds: null,
  };
  const value = { ...registration, expiresAtMs: null, by: { author: "test", reason: "", atMs: Date.now() } };
  const entries = [{ key: "registration/added", value }];
  const control = ["CONTROL_PLANE", "control-plane"] as const;
  const { version } = await places.call<{ version: number }>(...control, "append", "overrides", entries, {});
  await places.call(...control, "confirm", "overrides", version, 8_000);
}

async function start(monitor: { type?: "tcp" }): Promise<void> {
  [bundled, added] = [await startFickleOrigin(), await startFickleOrigin()];
  const config = defineConfig({
    registration: { allow: [`http://127.0.0.1:${added.port}`] },
    services: {
      demo: {
        hosts: ["demo.localhost"],
        pools: { first: { region: "enam", origins: [{ id: "bundled", url: `http://127.0.0.1:${bundled.port}` }] } },
        monitor: { intervalSeconds: 1, ...monitor },
      },
    },
  });
  places = await startPlaces(PLACES, config);
  busy = places.edges.map((edge) => keepBusy(edge, ({ status }) => void statuses.add(status), 5));
  await places.leased(PLACES);
}

afterEach(async () => {
  await Promise.all(busy.map(({ stop }) => stop()));
  await places.stop();
  await Promise.all([bundled.kill(), added.kill()]);
});

it("gets no request while probes fail, and its share once one has not", async () => {
  await start({});
  added.failFor(() => true);
  await register();
  await until(() => Promise.resolve(added.probed() >= 3));
  expect(added.received()).toBe(0);

  added.failFor(() => false);
  await vi.waitFor(() => expect(added.received()).toBeGreaterThan(20), { timeout: 8_000, interval: 100 });
  expect([...statuses]).toEqual([200]);
}, 60_000);

it("gets its share once a tcp probe has connected, whatever it would answer", async () => {
  await start({ type: "tcp" });
  await added.kill();
  await register();
  await until(async () => {
    const { verdicts } = await places.call<OriginInspection>("ORIGIN_BREAKER", "added", "inspect");
    return Object.values(verdicts).includes("down");
  });
  await added.restore();
  await vi.waitFor(() => expect(added.received()).toBeGreaterThan(20), { timeout: 8_000, interval: 100 });
  expect([...statuses]).toEqual([200]);
}, 60_000);
