// What the hot-path figures run Fairlead with: four regions as in the demo, and everything on that a request can meet.
import { defineConfig } from "../../src/config/define.ts";

export default defineConfig({
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
      // Far above what a bench sends: each request is counted, none is refused.
      rateLimits: [{ name: "per-client", key: ["ip"], limit: 10_000_000, windowSeconds: 60, mode: "leased" }],
    },
  },
});
