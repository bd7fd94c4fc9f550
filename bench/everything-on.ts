/** What speed and calls are measured with: four regions as in the demo, and everything on that a request can meet. */
import { cacheSchema } from "../src/config/cache.ts";
import { defineConfig } from "../src/config/define.ts";
import type { Config } from "../src/config/schema.ts";

/** What sessions' cookies are signed with, as a variable of the Worker. */
export const SESSION_SECRETS = { SESSION_SECRET: "a secret for benches that is long enough" };

export const everythingOn: Config = defineConfig({
  services: {
    bench: {
      hosts: ["bench.test"],
      pools: {
        "us-east": { region: "enam", location: [39.04, -77.49], origins: [{ id: "use1", url: "http://use1.test" }] },
        "us-west": { region: "wnam", location: [37.37, -121.92], origins: [{ id: "usw1", url: "http://usw1.test" }] },
        "eu-west": { region: "weur", location: [50.04, 8.57], origins: [{ id: "euw1", url: "http://euw1.test" }] },
        apac: { region: "apac", location: [35.55, 139.78], origins: [{ id: "apac1", url: "http://apac1.test" }] },
      },
      steering: { policy: "latency" },
      access: { deny: ["203.0.113.0/24"] },
      request: { headers: { set: { "X-Env": "bench" } } },
      retry: { attempts: 3 },
      affinity: { mode: "cookie", cookie: { name: "home", secure: false } },
      // Far above what a bench sends: each request is counted, none is refused.
      rateLimits: [{ name: "per-client", key: ["ip"], limit: 10_000_000, windowSeconds: 60, mode: "leased" }],
    },
  },
});

const { bench } = everythingOn.services;

/** The same with a cache. The origin of the benches says no-store, and the load carries cookies, as browsers do. */
export const everythingCached: Config = {
  ...everythingOn,
  services: {
    bench: {
      ...bench!,
      cache: cacheSchema.parse({ rules: [{ mode: "force", ttlSeconds: 3600, ignoreCookies: true }] }),
    },
  },
};
