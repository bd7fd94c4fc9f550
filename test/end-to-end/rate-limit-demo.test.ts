// The demo's scenario as a user starts it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort } from "../../demo/ports.ts";

it("--scenario rate-limit holds a client at its limit from four places at once, and exits 0", async () => {
  const first = await freePort(6);
  const ports = ["--port", "--control-port", "--origin-port"].flatMap((flag, i) => [flag, String(first + i)]);
  const args = ["demo/main.ts", "--scenario=rate-limit", "--json", ...ports];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ scenario: "rate-limit", passed: true, figures: { overLimit: 0 } });
}, 180_000);
