/** A deployment of two services over real origins, for tests of what the control plane changes about them. */
import { cfBlob, PLACES } from "../../demo/places.ts";
import { send, type ClientAnswer } from "../../demo/client.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startApi, type RunningApi } from "./api.ts";
import { startOrigin, type Origin } from "./place-origins.ts";

const OVERRIDES = "/api/v1/loadbalancer/overrides";

export interface ApiServices {
  readonly api: RunningApi;
  readonly config: ConfigInput;
  /** URL that every origin has: one process plays all. */
  readonly originUrl: string;
  /** One request to a service, from Europe; `headers` are laid over. */
  readonly visit: (host: string, headers?: Readonly<Record<string, string>>) => Promise<ClientAnswer>;
  /** Which origins answered `count` requests to a service. */
  readonly originsOf: (host: string, count?: number) => Promise<string[]>;
  /** Takes every override away again. */
  readonly takeBack: () => Promise<void>;
  stop(): Promise<void>;
}

/** `shop.localhost` has eu1 and eu2 (weur) and us1 (enam), in that order under `failover`; `blog.localhost` has blog1 only. */
export async function startApiServices(over: Partial<ConfigInput> = {}, edges = 0): Promise<ApiServices> {
  const origin: Origin = await startOrigin();
  const originUrl = `http://127.0.0.1:${origin.port}`;
  const shared = {
    // A pool keeps all of its traffic as long as it has one origin: what a test sees is what it changed.
    steering: { policy: "failover", within: "weighted-round-robin", overprovisioning: 10 } as const,
    monitor: { mode: "passive" } as const,
    debugHeaders: true,
  };
  const config: ConfigInput = {
    regions: ["weur"],
    services: {
      shop: {
        ...shared,
        hosts: ["shop.localhost"],
        pools: {
          eu: {
            region: "weur",
            priority: 0,
            origins: [
              { id: "eu1", url: `${originUrl}/eu1`, labels: { tier: "gold" }, version: "1" },
              { id: "eu2", url: `${originUrl}/eu2`, version: "2" },
            ],
          },
          us: {
            region: "enam",
            priority: 1,
            origins: [{ id: "us1", url: `${originUrl}/us1`, labels: { tier: "gold" } }],
          },
        },
      },
      blog: {
        ...shared,
        hosts: ["blog.localhost"],
        pools: { only: { region: "weur", origins: [{ id: "blog1", url: `${originUrl}/blog1` }] } },
      },
    },
    ...over,
  };
  const api = await startApi(config, { edges });
  const visit: ApiServices["visit"] = (host, headers = {}) =>
    send({ port: api.workerd.port, host, headers: { "MF-CF-Blob": cfBlob(PLACES.frankfurt), ...headers } });
  return {
    api,
    config,
    originUrl,
    visit,
    async originsOf(host, count = 8) {
      const seen = new Set<string>();
      for (let sent = 0; sent < count; sent++) seen.add(String((await visit(host)).headers["fairlead-origin"]));
      return [...seen].toSorted();
    },
    async takeBack() {
      const { body } = await api.call<{ overrides: { key: string }[] }>("read", "GET", OVERRIDES);
      for (const { key } of body.overrides)
        await api.call("operate", "DELETE", `${OVERRIDES}/${encodeURIComponent(key)}?force=true`);
    },
    stop: async () => void (await Promise.all([api.stop(), origin.stop()])),
  };
}
