import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { freePort, isPortFree } from "../../demo/ports.ts";
import { startProcess, waitUntil, type RunningProcess } from "../../demo/process.ts";
import { processesWithEnvironment } from "../support/processes.ts";

const running: RunningProcess[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())));

async function start(script: string, env: Record<string, string> = {}): Promise<RunningProcess> {
  const one = await startProcess({ name: "script", command: process.execPath, args: ["-e", script], env });
  running.push(one);
  return one;
}

const FOREVER = "setInterval(() => {}, 1000);";
const WITH_CHILD = `require("child_process").spawn(process.execPath, ["-e", "${FOREVER}"]); console.log("up"); ${FOREVER}`;

describe("a started process", () => {
  it("has its output collected and its exit told", async () => {
    const one = await start(`console.log("out"); console.error("err"); process.exitCode = 3`);
    expect(await one.exited).toEqual({ code: 3, signal: null });
    await waitUntil("both lines", () => one.output().includes("out") && one.output().includes("err"));
  });

  it("takes its children along when it is stopped, even if it ignores SIGTERM", async () => {
    const mark = randomUUID();
    const one = await start(`process.on("SIGTERM", () => {}); ${WITH_CHILD}`, { MARK: mark });
    await waitUntil("two processes", () => processesWithEnvironment("MARK", mark).length === 2);
    await one.stop(100);
    expect(processesWithEnvironment("MARK", mark)).toEqual([]);
  });

  it("takes its children along when it dies by itself", async () => {
    const mark = randomUUID();
    const one = await start(WITH_CHILD, { MARK: mark });
    await waitUntil("two processes", () => processesWithEnvironment("MARK", mark).length === 2);
    process.kill(one.pid, "SIGKILL");
    await expect.poll(() => processesWithEnvironment("MARK", mark)).toEqual([]);
  });

  it("does not outlive its starter, even one killed with SIGKILL", async () => {
    const mark = randomUUID();
    const module = resolve("demo/process.ts");
    const starter = spawn(
      process.execPath,
      [
        "--input-type=module-typescript",
        "-e",
        `const { startProcess } = await import(${JSON.stringify(module)});
         await startProcess({ name: "x", command: process.execPath, args: ["-e", ${JSON.stringify(WITH_CHILD)}] }); ${FOREVER}`,
      ],
      { env: { ...process.env, MARK: mark } },
    );
    try {
      // The starter, its guardian, the process and its child.
      await waitUntil("four processes", () => processesWithEnvironment("MARK", mark).length === 4);
    } finally {
      starter.kill("SIGKILL");
    }
    await expect.poll(() => processesWithEnvironment("MARK", mark)).toEqual([]);
  });

  it("is reported with the command's name when it cannot be started", async () => {
    await expect(startProcess({ name: "nothing", command: "/no/such/command", args: [] })).rejects.toThrow(
      /^nothing could not be started: .*ENOENT/,
    );
  });
});

describe("waiting", () => {
  it("ends at once, with what was said, when a needed process dies", async () => {
    const one = await start(`console.error("no licence"); process.exitCode = 7`);
    await one.exited;
    await expect(waitUntil("readiness", () => false, { alive: [one] })).rejects.toThrow(
      /script ended with code 7 before readiness/,
    );
  });

  it("names what it waited for when time is up, and keeps the last error as the cause", async () => {
    const waiting = waitUntil("an answer", () => Promise.reject(new Error("refused")), { timeoutMs: 60 });
    await expect(waiting).rejects.toMatchObject({
      message: "Expected an answer within 60 ms",
      cause: { message: "refused" },
    });
  });
});

describe("ports", () => {
  it("tells a taken port from a free one", async () => {
    const port = await freePort(3);
    expect(await Promise.all([isPortFree(port), isPortFree(port + 1), isPortFree(port + 2)])).toEqual([
      true,
      true,
      true,
    ]);
    const server = createServer();
    await new Promise<void>((done) => {
      server.listen(port, "127.0.0.1", done);
    });
    expect(await isPortFree(port)).toBe(false);
    await new Promise((done) => {
      server.close(done);
    });
  });
});
