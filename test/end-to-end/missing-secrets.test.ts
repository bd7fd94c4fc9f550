/** A service that names a secret or binding that is not there: refused by itself, told to operators and not to clients. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../demo/client.ts";
import { freePort } from "../../demo/ports.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { startApi, type RunningApi } from "../support/api.ts";
import { startRawOrigin, type RawOrigin } from "../support/raw-http.ts";

type ServiceInput = ConfigInput["services"][string];
type OriginInput = ServiceInput["pools"][string]["origins"][number];

let api: RunningApi;
let origin: RawOrigin;
let services: Record<string, ServiceInput>;

/** What each service lacks, and how that is said. */
const LACKING: Record<string, RegExp> = {
  header: /^Expected the secret `ORIGIN_AUTH` to be set \(`wrangler secret put ORIGIN_AUTH`\), got nothing$/,
  session: /^Expected the secret `SESSION_SECRET` to be set/,
  certificate: /^Expected the mTLS certificate binding `CLIENT_CERT` in wrangler\.toml, got nothing$/,
};

beforeAll(async () => {
  origin = await startRawOrigin(await freePort());
  const service = (
    name: string,
    origins: Partial<OriginInput>,
    settings: Partial<ServiceInput> = {},
  ): ServiceInput => ({
    hosts: [`${name}.localhost`],
    pools: { p: { region: "weur", origins: [{ id: name, url: `http://127.0.0.1:${origin.port}`, ...origins }] } },
    monitor: { mode: "passive" },
    ...settings,
  });
  services = {
    sound: service("sound", {}),
    header: service("header", { headers: { "X-Auth": { secret: "ORIGIN_AUTH" } } }),
    session: service("session", {}, { affinity: { mode: "cookie" } }),
    certificate: service("certificate", { mtls: "CLIENT_CERT" }),
  };
  api = await startApi({ services });
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const ask = (service: string) =>
  send({ port: api.workerd.port, path: "/x", headers: { Host: `${service}.localhost` } });

it("breaks no other service", async () => {
  const answer = await ask("sound");
  expect([answer.status, answer.body]).toEqual([200, "ok"]);
});

describe.each(Object.entries(LACKING))("a service that lacks its %s", (name, lack) => {
  it("answers 503, and says to clients nothing of what it lacks", async () => {
    const before = origin.received.length;
    const answer = await ask(name);
    expect(answer.status).toBe(503);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(answer.body)).toMatchObject({ type: "https://fairlead.dev/problems/not-configured" });
    expect(JSON.stringify([answer.headers, answer.body])).not.toMatch(/ORIGIN_AUTH|SESSION_SECRET|CLIENT_CERT/);
    expect(origin.received).toHaveLength(before);
  });

  it("is logged once, with what it lacks", async () => {
    await ask(name);
    const lines = api.workerd.process.output().split("\n");
    expect(lines.filter((line) => line.includes(`service \`${name}\` cannot be run`))).toEqual([
      expect.stringContaining(lack.source.match(/`(\w+)`/)![1]!),
    ]);
  });

  it("is unhealthy, with the reason, to those who may read", async () => {
    const { body } = await api.call<{ services: { service: string }[] }>("read", "GET", "/health");
    expect(body.services.find(({ service }) => service === name)).toMatchObject({
      status: "unhealthy",
      fault: expect.stringMatching(lack),
    });
  });
});

describe("the control plane", () => {
  it("is partly ready, and names nothing to the public", async () => {
    expect((await api.call(null, "GET", "/health/ready")).body).toEqual({ status: "partly-ready" });
  });

  it("says of a service that lacks nothing that it is healthy", async () => {
    const { body } = await api.call<{ services: object[] }>("read", "GET", "/health");
    expect(body.services).toContainEqual(expect.objectContaining({ service: "sound", status: "healthy", fault: null }));
  });

  const put = async (changed: object) => {
    const path = "/api/v1/loadbalancer/config";
    const { body } = await api.call<{ revision: number }>("admin", "GET", path);
    const headers = { "If-Match": `"${body.revision}"` };
    return api.call("admin", "PUT", path, { headers, body: { config: { services: changed } } });
  };

  it("still refuses a configuration that names what is not there", async () => {
    const refused = { status: 400, body: { errors: [{ detail: expect.stringContaining("ORIGIN_AUTH") }] } };
    expect(await put(services)).toMatchObject(refused);
    expect(await put({ header: services["header"] })).toMatchObject(refused);
  });

  it("takes one that names it no more, and the service is served again", async () => {
    const { sound, header } = services;
    const { p } = header!.pools;
    const origins = p!.origins.map((origin) => ({ ...origin, headers: {} }));
    expect((await put({ sound, header: { ...header, pools: { p: { ...p, origins } } } })).status).toBe(200);
    expect((await ask("header")).status).toBe(200);
    expect((await api.call(null, "GET", "/health/ready")).body).toEqual({ status: "ready" });
  });
});
