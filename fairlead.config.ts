// What this deployment balances: the one file to edit. Every field: docs/reference/config.md. Check it: npm run check:config
import { defineConfig } from "./src/config/define.ts";

export default defineConfig({
  // The control plane answers on these hosts; everything a service matches below goes to its origins.
  admin: { hosts: ["localhost", "127.0.0.1", "*.workers.dev"] },

  // Where hubs run: one Durable Object in each region gathers what that region's isolates see.
  regions: ["enam", "wnam", "weur", "apac"],

  services: {
    // The demo's four origins, started by `npm run demo`. Replace them with yours.
    demo: {
      hosts: ["demo.localhost"], // exact, "*.example.com", or "*" for any
      paths: ["/*"], // the longest match among services wins
      pools: {
        "us-east": {
          region: "enam",
          location: [39.04, -77.49],
          priority: 0,
          origins: [
            {
              id: "use1",
              url: "http://127.0.0.1:9101",
              weight: 1,
              capacity: 500, // requests a second, worldwide
              labels: { tier: "gold" },
              version: "1",
              // So that nobody bypasses the balancer: the value comes from `wrangler secret put ORIGIN_AUTH`.
              // headers: { "X-Origin-Auth": { secret: "ORIGIN_AUTH" } },
            },
          ],
        },
        "us-west": {
          region: "wnam",
          location: [37.37, -121.92],
          priority: 1,
          origins: [{ id: "usw1", url: "http://127.0.0.1:9102", capacity: 500, version: "1" }],
        },
        "eu-west": {
          region: "weur",
          location: [50.04, 8.57],
          priority: 2,
          origins: [{ id: "euw1", url: "http://127.0.0.1:9103", capacity: 500, version: "1" }],
        },
        apac: {
          region: "apac",
          location: [35.55, 139.78],
          priority: 3,
          origins: [{ id: "apac1", url: "http://127.0.0.1:9104", capacity: 500, version: "1" }],
        },
      },
      steering: { policy: "latency" }, // the nearest, until measured latency says better
      timeouts: { firstByteMs: 10_000, totalMs: 30_000, idleMs: 0 },
      limits: { maxBodyBytes: 104_857_600, maxUrlBytes: 16_384, maxHeaderBytes: 65_536 },
      access: { allow: [], deny: [] }, // client IPs and CIDRs
      request: { headers: { set: { "X-Env": "demo" }, remove: [] }, stripPrefix: "", rewrite: [] },
      response: { headers: { set: {}, remove: [] } },
      httpsRedirect: false,
      // Sessions that stay where they began; needs the secret SESSION_SECRET (the demo makes one). Over https leave `cookie` out.
      // affinity: { cookie: { name: "fairlead", secure: false } },
      // Quicker than the defaults (30 s, 10 s), so that a recovery can be watched.
      breaker: { openSeconds: 5 },
      ramp: { stepSeconds: 1 },
      retry: { attempts: 3, maxBufferedBodyBytes: 65_536 },
      // What the origins say about caching counts first; these are for answers that say nothing.
      cache: {
        rules: [
          { match: { paths: ["/api/*"] }, ttlSeconds: 300 },
          { match: { paths: ["/static/*", "*.css", "*.js", "*.svg", "*.png", "*.woff2"] }, ttlSeconds: 3_600 },
        ],
      },
      debugHeaders: true, // Fairlead-Origin, Fairlead-Attempts, Fairlead-Decision on every answer
    },
  },
});
