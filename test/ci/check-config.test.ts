import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** A checkout whose configuration is ours to write. */
const checkout = mkdtempSync(join(tmpdir(), "fairlead-check-"));
beforeAll(() => {
  mkdirSync(join(checkout, ".ci"));
  copyFileSync(".ci/check-config.ts", join(checkout, ".ci/check-config.ts"));
  copyFileSync("package.json", join(checkout, "package.json"));
  symlinkSync(resolve("src"), join(checkout, "src"));
});
afterAll(() => rmSync(checkout, { recursive: true }));

const IMPORT = 'import { defineConfig } from "./src/config/define.ts";';
const SERVICES = `{ web: { hosts: ["x.example.com"], pools: { p: { region: "weur", origins: [{ id: "a", url: "https://a.example.com" }] } } } }`;

async function check(text: string, ...args: string[]) {
  writeFileSync(join(checkout, "fairlead.config.ts"), text);
  return promisify(execFile)(process.execPath, [join(checkout, ".ci/check-config.ts"), ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe("npm run check:config", () => {
  it("says that a configuration is sound", async () => {
    const { code, stdout } = await check(`${IMPORT} export default defineConfig({ services: ${SERVICES} });`);
    expect([code, stdout]).toEqual([0, "fairlead.config.ts is sound: 1 service(s), 1 origin(s).\n"]);
  });

  it("notes that no host is left to reach the control plane by", async () => {
    const taking = SERVICES.replace('"x.example.com"', '"*"');
    const { code, stdout } = await check(`${IMPORT} export default defineConfig({ services: ${taking} });`);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining("Note: no host reaches the control plane, `web` takes all of `admin.hosts`."),
    ]);
  });

  it("says when it cannot write what it has checked", async () => {
    const text = `${IMPORT} export default defineConfig({ services: ${SERVICES} });`;
    const { code, stderr } = await check(text, "--write", join(checkout, "package.json/config.js"));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^fairlead\.config\.ts: It is sound, but could not be written/),
    ]);
  });

  it.each([
    ["a wrong field", `${IMPORT} export default defineConfig({ services: ${SERVICES}, servises: 1 });`, "`servises`"],
    ["no default export", "export const config = {};", "no default export"],
    ["an empty file", "", "no default export"],
    ["what nobody has filled in", `export default { services: ${SERVICES} };`, "not given to `defineConfig`"],
    [
      "a wrong field that nobody has looked at",
      "export default { services: 1 };",
      "Expected `services` to be an object",
    ],
    ["a typing mistake, and where it is", "export default {\n", "fairlead.config.ts:1"],
    ["what the file throws, and where", '\nthrow new Error("no SHOP_HOST");', "no SHOP_HOST\n    at "],
  ])("refuses %s", async (_name, text, expected) => {
    const { code, stderr } = await check(text);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^fairlead\.config\.ts: /);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("node:internal");
  });
});
