import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { send } from "../../demo/client.ts";
import { freePort, isPortFree } from "../../demo/ports.ts";
import { PLACES } from "../../demo/places.ts";
import { waitUntil } from "../../demo/process.ts";
import { commandOf, processesWithEnvironment } from "../support/processes.ts";

/** The demo as a newcomer starts it, on free ports, with a mark that all of its processes inherit. */
class Demo {
  readonly mark = randomUUID();
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly firstPort: number;
  /** Its own, so that what it leaves there is not taken for another's. */
  readonly temporary = mkdtempSync(join(tmpdir(), "fairlead-demo-test-"));
  stdout = "";
  stderr = "";

  constructor(firstPort: number, args: readonly string[] = []) {
    this.firstPort = firstPort;
    const ports = [`--port=${firstPort}`, `--control-port=${firstPort + 1}`, `--origin-port=${firstPort + 2}`];
    this.child = spawn(process.execPath, ["demo/main.ts", ...ports, ...args], {
      env: { ...process.env, DEMO_MARK: this.mark, TMPDIR: this.temporary },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => {
      this.child.on("exit", (code, signal) => resolve(signal === null ? code : null));
    });
  }

  async untilUp(): Promise<this> {
    await waitUntil(
      "the demo is up",
      () => {
        if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
        return this.stdout.includes("Ctrl-C ends it all");
      },
      { timeoutMs: 60_000 },
    );
    return this;
  }

  processes(): number[] {
    return processesWithEnvironment("DEMO_MARK", this.mark);
  }

  leftDirectories(): string[] {
    return readdirSync(this.temporary).filter((name) => name.startsWith("fairlead-"));
  }

  async freePorts(): Promise<boolean[]> {
    return Promise.all(Array.from({ length: 6 }, (_, index) => isPortFree(this.firstPort + index)));
  }
}

const ALL_FREE = Array.from({ length: 6 }, () => true);
const demos: Demo[] = [];

async function start(...args: string[]): Promise<Demo> {
  const demo = new Demo(await freePort(6), args);
  demos.push(demo);
  return demo;
}

afterEach(async () => {
  for (const demo of demos.splice(0)) {
    demo.child.kill("SIGKILL");
    await waitUntil("no process is left", () => demo.processes().length === 0, { timeoutMs: 5000 });
    rmSync(demo.temporary, { recursive: true, force: true });
  }
});

describe("npm run demo", () => {
  it("serves, fails over in the same request, and leaves nothing behind after Ctrl-C", async () => {
    const demo = await (await start()).untilUp();
    const port = demo.firstPort;
    expect(JSON.parse((await send({ port, path: "/hello" })).body)).toMatchObject({ received: { path: "/hello" } });

    const client = { port, place: PLACES.newYork };
    expect(JSON.parse((await send(client)).body)).toMatchObject({ name: "us-east" });
    const killed = await fetch(`http://127.0.0.1:${port + 1}/origins/us-east`, {
      method: "POST",
      body: '{"mode":"down"}',
    });
    expect(killed.status).toBe(200);
    const after = await send(client);
    expect([after.status, after.error]).toEqual([200, undefined]);
    expect(String(after.headers["fairlead-attempts"])).toMatch(/^use1=connection, \w+=200$/);
    expect(demo.stdout).toContain("us-east is now down");
    expect(demo.stdout).not.toContain("\u001B");

    // The token it prints opens the control plane.
    const [, token] = /Bearer (flt_[\w-]{43})'/.exec(demo.stdout)!;
    const path = "/api/v1/loadbalancer/overrides";
    const asked = await send({ port, host: "localhost", path, headers: { Authorization: `Bearer ${token}` } });
    expect(asked.status).toBe(200);

    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(0);
    expect(demo.processes()).toEqual([]);
    expect(await demo.freePorts()).toEqual(ALL_FREE);
    expect(demo.leftDirectories()).toEqual([]);
    expect(demo.stderr).toBe("");
  });

  it("ends with all of its processes when one of them dies, and says which", async () => {
    const demo = await (await start()).untilUp();
    const list = (await (await fetch(`http://127.0.0.1:${demo.firstPort + 1}/origins`)).json()) as {
      origins: unknown[];
    };
    expect(list.origins).toHaveLength(4);
    const origin = demo.processes().find((pid) => commandOf(pid).includes('"name":"eu-west"'));
    process.kill(origin!, "SIGKILL");
    expect(await demo.exited).toBe(1);
    expect(demo.stderr).toContain("origin eu-west ended by SIGKILL");
    expect(demo.processes()).toEqual([]);
    expect(await demo.freePorts()).toEqual(ALL_FREE);
  });

  it("leaves no process behind when it is interrupted while it starts", async () => {
    const demo = await start();
    await waitUntil("wrangler is starting", () => demo.processes().length >= 7);
    demo.child.kill("SIGTERM");
    expect(await demo.exited).toBe(0);
    await expect.poll(() => demo.processes()).toEqual([]);
    expect(await demo.freePorts()).toEqual(ALL_FREE);
  });

  it("leaves no process behind even if it is killed outright", async () => {
    const demo = await (await start()).untilUp();
    demo.child.kill("SIGKILL");
    await expect.poll(() => demo.processes()).toEqual([]);
    expect(demo.leftDirectories()).toEqual([]);
    // The kernel closes a killed process's sockets a moment after it has gone from sight.
    await expect.poll(() => demo.freePorts()).toEqual(ALL_FREE);
  });

  it("ends when nobody reads its output any more", async () => {
    const demo = await (await start()).untilUp();
    demo.child.stdout!.destroy();
    // The change is told on stdout, which ends the demo; its answer may be lost with it.
    await Promise.allSettled([
      fetch(`http://127.0.0.1:${demo.firstPort + 1}/origins/apac`, { method: "POST", body: '{"mode":"ok"}' }),
    ]);
    expect(await demo.exited).toBe(0);
    expect(demo.processes()).toEqual([]);
  });

  it("names every port in use and the option that changes it, and starts nothing", async () => {
    const firstPort = await freePort(6);
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.listen(firstPort + 3, "127.0.0.1", resolve);
    });
    const demo = new Demo(firstPort);
    demos.push(demo);
    expect(await demo.exited).toBe(1);
    expect(demo.stderr).toBe(
      `Port ${firstPort + 3} is in use, and origin 2 of 4 needs it: choose another with --origin-port N\n`,
    );
    expect(demo.stdout).toBe("");
    blocker.close();
  });

  it("refuses a wrong option in one line, with exit code 2", async () => {
    const demo = await start("--scenario=flood");
    expect(await demo.exited).toBe(2);
    expect(demo.stderr).toMatch(
      /^Expected --scenario to be one of region-outage.*, got "flood"\. See npm run demo -- --help\n$/,
    );
  });
});

describe("--scenario region-outage", () => {
  it("fails over and recovers without an error at any client, says so in JSON, and exits 0", async () => {
    const demo = await start("--scenario=region-outage", "--json");
    expect(await demo.exited).toBe(0);
    const result = JSON.parse(demo.stdout) as { timeline: { event: string }[]; figures: Record<string, number> };
    expect(result).toMatchObject({
      scenario: "region-outage",
      passed: true,
      figures: { clientErrors: 0, failedOverInSameRequest: 1, during_use1: 0 },
    });
    expect(result.figures["before_use1"]).toBeGreaterThan(0.15);
    expect(result.figures["after_use1"]).toBeGreaterThan(0.15);
    const events = result.timeline.map(({ event }) => event);
    expect(events).toEqual(
      expect.arrayContaining(["Frankfurt is served by eu-west", "Tokyo is served by apac", "us-east is killed"]),
    );
    expect(demo.processes()).toEqual([]);
  }, 360_000);

  it("is interrupted with the signal's exit code, and leaves no process behind", async () => {
    const demo = await start("--scenario=region-outage");
    await waitUntil("the load is on", () => demo.stdout.includes("requests a second"), { timeoutMs: 60_000 });
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(130);
    expect(demo.processes()).toEqual([]);
    expect(await demo.freePorts()).toEqual(ALL_FREE);
  });
});
