// Origins behind TLS: certificates that workerd trusts, and certificates that it does not.
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, type ClientAnswer } from "../../demo/client.ts";
import { startApi, type RunningApi } from "../support/api.ts";
import { hasOpenssl, makeAuthority, type Identity } from "../support/certificates.ts";

let directory: string;
let servers: Server[];
let strange: Server;
let renewed: Identity;
let api: RunningApi;
/** Each service's answer to its first request, before anything had been probed. */
let first: Record<string, ClientAnswer>;

async function startOrigin(says: string, identity: Identity): Promise<Server> {
  const server = createServer(identity, (_request, response) => response.end(says));
  server.listen(0, "localhost");
  await once(server, "listening");
  return server;
}
const urlOf = (server: Server) => `https://localhost:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  if (!hasOpenssl) return;
  directory = await mkdtemp(join(tmpdir(), "fairlead-certificates-"));
  const [trusted, stranger] = await Promise.all(
    ["trusted", "stranger"].map(async (name) => {
      const own = join(directory, name);
      await mkdir(own);
      return makeAuthority(own);
    }),
  );
  renewed = await trusted!.issue("localhost");
  const good = await startOrigin("good", renewed);
  const misnamed = await startOrigin("misnamed", await trusted!.issue("elsewhere.test"));
  strange = await startOrigin("strange", await stranger!.issue("localhost"));
  servers = [good, misnamed, strange];
  const service = (name: string, server: Server) => ({
    hosts: [`${name}.localhost`],
    pools: {
      first: { region: "weur" as const, priority: 0, origins: [{ id: name, url: urlOf(server) }] },
      second: { region: "enam" as const, priority: 1, origins: [{ id: `${name}-standby`, url: urlOf(good) }] },
    },
    steering: { policy: "failover" as const },
    monitor: { mode: "active" as const, intervalSeconds: 1, consecutiveDown: 2 },
    debugHeaders: true,
  });
  api = await startApi(
    {
      regions: ["weur"],
      services: {
        good: service("good", good),
        strange: service("strange", strange),
        misnamed: service("misnamed", misnamed),
      },
    },
    { trusted: [trusted!.certificate] },
  );
  const names = ["good", "strange", "misnamed"];
  first = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await ask(name)] as const)));
});

afterAll(async () => {
  await api?.stop();
  for (const server of servers ?? []) server.closeAllConnections();
  for (const server of servers ?? []) server.close();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

const ask = (name: string) => send({ port: api.workerd.port, host: `${name}.localhost` });

/** The last change that probes made to an origin's health, with the reason. */
async function lastChange(origin: string): Promise<{ verdict: string; reason: string } | undefined> {
  const path = `/api/v1/circuit-breakers/${origin}/history`;
  type Change = { readonly scope: string; readonly verdict: string; readonly reason: string };
  const { body } = await api.call<{ healthChanges: Change[] }>("read", "GET", path);
  return body.healthChanges.find(({ scope }) => scope === "weur");
}

describe.skipIf(!hasOpenssl)("an https origin (skipped without openssl)", () => {
  it("gets requests when its certificate is trusted", () => {
    expect(first["good"]).toMatchObject({ status: 200, body: "good", headers: { "fairlead-attempts": "good=200" } });
  });

  it.each(["strange", "misnamed"])("is failed over from when its certificate is %s", (name) => {
    expect(first[name]).toMatchObject({ status: 200, body: "good" });
    expect(first[name]!.headers["fairlead-attempts"]).toBe(`${name}=connection, ${name}-standby=200`);
  });

  it.each(["strange", "misnamed"])(
    "is down by its probes when its certificate is %s, and they say why",
    async (name) => {
      await expect
        .poll(() => lastChange(name), { timeout: 10_000 })
        .toMatchObject({ verdict: "down", reason: expect.stringContaining("is the certificate trusted?") as string });
      await expect.poll(async () => (await ask(name)).headers["fairlead-attempts"]).toBe(`${name}-standby=200`);
    },
  );

  it("is up and gets requests again once its certificate is one that is trusted", async () => {
    strange.setSecureContext(renewed);
    await expect
      .poll(() => lastChange("strange"), { timeout: 10_000 })
      .toMatchObject({ verdict: "up", reason: "status 200" });
    await expect.poll(async () => (await ask("strange")).body, { timeout: 20_000 }).toBe("strange");
  });
});
