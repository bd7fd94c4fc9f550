// Two projects in one run: pure rules and end-to-end tests in Node, Workers and Durable Objects in workerd.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workerd.test.ts", "test/end-to-end/**"],
          environment: "node",
          // Generous: what a rule must not exceed is asserted by its test, and a loaded machine is no failure.
          testTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: { name: "workerd", include: ["test/**/*.workerd.test.ts"], testTimeout: 60_000 },
      },
      {
        test: {
          name: "end-to-end",
          include: ["test/end-to-end/**/*.test.ts"],
          globalSetup: ["test/support/prepare.ts"],
          setupFiles: ["test/support/take-prepared.ts"],
          environment: "node",
          // Real processes, which wait more than they work: two files at a time, with room for a slow start.
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
