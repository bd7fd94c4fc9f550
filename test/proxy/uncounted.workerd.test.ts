// Fairlead's own requests beside a client's, through the same gateway.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import { openGateway, type Gateway } from "../../src/proxy/gateway.ts";
import { handle } from "../../src/proxy/handle.ts";
import { uncounted } from "../../src/proxy/uncounted.ts";

const service = (name: string, headers: Record<string, { secret: string }> = {}) => ({
  hosts: [`${name}.test`],
  pools: {
    p: { region: "enam" as const, origins: [{ id: name, url: "https://origin.test", mtls: "ORIGIN", headers }] },
  },
  rateLimits: [{ name: "one", limit: 1, windowSeconds: 3_600, key: ["constant"], mode: "local" as const }],
});
const config = defineConfig({
  services: { open: service("open"), lacking: service("lacking", { "X-A": { secret: "A" } }) },
});
const fetcher = { fetch: () => Promise.resolve(new Response("ok")) };

async function statusOf(gateway: Gateway, name: string): Promise<number> {
  const context = createExecutionContext();
  const request = new Request(`https://${name}.test/`) as Request<unknown, IncomingRequestCfProperties>;
  const response = (await handle(request, gateway, context))!;
  await response.arrayBuffer();
  await waitOnExecutionContext(context);
  return response.status;
}

it("are neither counted nor turned away by limits, but by a service that lacks something", async () => {
  const gateway = openGateway(config, { ORIGIN: fetcher }, crypto.randomUUID());
  const own = uncounted(gateway);
  for (let times = 0; times < 3; times++) expect(await statusOf(own, "open")).toBe(200);
  expect(await statusOf(gateway, "open")).toBe(200);
  expect(await statusOf(gateway, "open")).toBe(429);
  expect(await statusOf(own, "open")).toBe(200);
  expect(await statusOf(own, "lacking")).toBe(503);
});

it("share what clients share", () => {
  const gateway = openGateway(config, { ORIGIN: fetcher }, crypto.randomUUID());
  const own = uncounted(gateway);
  const ours = own.plan.route("open.test", "/");
  const theirs = gateway.plan.route("open.test", "/");
  expect(ours).toMatchObject({ pace: theirs?.pace, cache: theirs?.cache });
  expect(own.plan).toBe(own.plan);
  expect(own.plan.route("other.test", "/")).toBeNull();
});
