// The demo's scenario as a user starts it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";

it("--scenario flapping ejects an origin that fails half the time, tries it by three at most, and keeps it once it is well", async () => {
  const first = await freePort(6);
  const ports = ["--port", "--control-port", "--origin-port"].flatMap((flag, i) => [flag, String(first + i)]);
  const args = ["demo/main.ts", "--scenario=flapping", "--json", ...ports];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  const result = JSON.parse(stdout) as { checks: { kept: boolean }[] };
  expect(result.checks.filter(({ kept }) => !kept)).toEqual([]);
  expect(result).toMatchObject({ scenario: "flapping", passed: true, figures: { errors: 0 } });
}, 240_000);
