// Three projects in one run: pure rules and end-to-end tests in Node, Workers and Durable Objects in workerd.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Files at a time, of all projects together (vitest makes one queue of projects that agree on it): end-to-end tests wait
 * more than they work, and what computes runs meanwhile.
 */
const maxWorkers = 2;

/** Node runs TypeScript itself. By Vite's own loader every import is a getter: the model of caches takes 12 s of CPU instead of 9. */
const NATIVE = { viteModuleRunner: false } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workerd.test.ts", "test/end-to-end/**"],
          environment: "node",
          maxWorkers,
          // Starting a process and loading the modules anew takes longer than most of these files. What a file changes
          // of the process (its clock, its console) it puts back.
          isolate: false,
          experimental: NATIVE,
          // Generous: what a rule must not exceed is asserted by its test, and a loaded machine is no failure.
          testTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: { name: "workerd", include: ["test/**/*.workerd.test.ts"], maxWorkers, testTimeout: 60_000 },
      },
      {
        test: {
          name: "end-to-end",
          include: ["test/end-to-end/**/*.test.ts"],
          globalSetup: ["test/support/prepare.ts"],
          setupFiles: ["test/support/take-prepared.ts"],
          environment: "node",
          experimental: NATIVE,
          maxWorkers,
          // With room for real processes that start slowly.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // A wait ends as soon as it may; how soon that has to be is asserted where it is promised.
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
});
