// The demo's scenario as a user starts it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";

it("--scenario purge has a new price in four places, and the old one nowhere once the purge is answered", async () => {
  const first = await freePort(6);
  const ports = ["--port", "--control-port", "--origin-port"].flatMap((flag, i) => [flag, String(first + i)]);
  const args = ["demo/main.ts", "--scenario=purge", "--json", ...ports];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  const result = JSON.parse(stdout) as { checks: { kept: boolean }[] };
  expect(result.checks.filter(({ kept }) => !kept)).toEqual([]);
  expect(result).toMatchObject({ scenario: "purge", passed: true, figures: { oldAfterAnswer: 0, purges: 5 } });
}, 180_000);
