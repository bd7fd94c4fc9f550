import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { adminTokensSchema, tokenHash } from "../../src/config/admin-token.ts";

const directory = mkdtempSync(join(tmpdir(), "fairlead-token-"));
afterAll(() => rmSync(directory, { recursive: true }));

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["cli/token.ts", ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

describe("npm run token", () => {
  it("prints the token for people and only its hash for the secret", async () => {
    const { code, stdout, stderr } = await run("--name", "ops", "--scopes", "read,operate");
    expect(code).toBe(0);
    const token = /flt_\S+/.exec(stderr)![0];
    const [stored] = adminTokensSchema.parse(JSON.parse(stdout));
    expect(stored).toEqual({ name: "ops", hash: await tokenHash(token), scopes: ["read", "operate"] });
    expect(stdout).not.toContain(token);
  });

  it("explains itself", async () => {
    const { code, stdout } = await run("--help");
    expect([code, stdout]).toEqual([0, expect.stringContaining("--scopes")]);
  });

  it("adds to a file of tokens", async () => {
    const file = join(directory, "tokens.json");
    await run("--name", "one", "--scopes", "read", "--tokens", file);
    await run("--name", "two", "--scopes", "admin", "--tokens", file);
    const names = adminTokensSchema.parse(JSON.parse(readFileSync(file, "utf8"))).map(({ name }) => name);
    expect(names).toEqual(["one", "two"]);
    expect((await run("--name", "two", "--scopes", "read", "--tokens", file)).code).toBe(2);
  });

  it.each([
    ["a scope that is none", ["--name", "ops", "--scopes", "root"], "--scopes"],
    ["no scope", ["--name", "ops"], "--scopes"],
    ["no name", ["--scopes", "read"], "--name"],
    ["a name that is none, and repeats it", ["--name", "A b", "--scopes", "read"], 'got "A b"'],
    [
      "a file that is no list of tokens, and names it",
      ["--name", "ops", "--scopes", "read", "--tokens", "README.md"],
      "README.md",
    ],
    [
      "a folder in the place of a file, and names it",
      ["--name", "ops", "--scopes", "read", "--tokens", "docs"],
      "docs",
    ],
  ])("refuses %s", async (_name, args, field) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(field);
  });
});
