// What the API answers while a region's hub is silent and another's breaks: soon, with what the others say, and with their names.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker } from "../../../demo/worker-bundle.ts";
import { defineConfig } from "../../../src/config/define.ts";
import { startApi, type RunningApi } from "../../support/api.ts";

const ENTRY = fileURLToPath(new URL("../../support/silent-hubs.workerd.ts", import.meta.url));

/** A silent hub is waited for 1.5 s; more is room for a busy machine. */
const SOON_MS = 5_000;

let directory: string;
let api: RunningApi;

beforeAll(async () => {
  const config = defineConfig({
    regions: ["weur", "enam", "apac"],
    services: {
      shop: {
        hosts: ["shop.localhost"],
        pools: { eu: { region: "weur", origins: [{ id: "eu1", url: "http://127.0.0.1:9" }] } },
        monitor: { mode: "passive" },
      },
    },
  });
  directory = await mkdtemp(join(tmpdir(), "fairlead-silent-hubs-"));
  await mkdir(join(directory, "bundle"));
  api = await startApi(config, { bundle: await bundleWorker(join(directory, "bundle"), config, ENTRY) });
});

afterAll(async () => {
  await api?.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Documented {
  readonly get?: { readonly responses: { readonly 200?: { readonly content?: Record<string, { example?: object }> } } };
}

/** Every GET without parameters whose example says which hubs answered, and the field that does. */
async function questions(): Promise<[path: string, field: string][]> {
  const { body } = await api.call<{ paths: Record<string, Documented> }>("read", "GET", "/api/v1/openapi.json");
  return Object.entries(body.paths).flatMap(([path, { get }]): [string, string][] => {
    const example = get?.responses[200]?.content?.["application/json"]?.example ?? {};
    const field = Object.entries(example).find(([, value]) => value instanceof Object && "answered" in value)?.[0];
    return field === undefined || path.includes("{") ? [] : [[path, field]];
  });
}

it("names the hubs that are away wherever hubs are asked, and answers soon with what the others say", async () => {
  const asked = await questions();
  expect(asked.length).toBeGreaterThan(7);
  const answers = await Promise.all(
    asked.map(async ([path, field]) => {
      const startedMs = performance.now();
      const { status, body } = await api.call<Record<string, unknown>>("admin", "GET", path);
      return { path, status, hubs: body[field], isSoon: performance.now() - startedMs < SOON_MS };
    }),
  );
  const hubs = { answered: ["weur"], away: ["enam", "apac"] };
  expect(answers).toEqual(asked.map(([path]) => ({ path, status: 200, hubs, isSoon: true })));
});

it("says in the metrics which hubs are up", async () => {
  const { body } = await api.call<string>("read", "GET", "/metrics");
  const up = body.split("\n").filter((line) => line.startsWith("fairlead_hub_up"));
  expect(up.toSorted()).toEqual([
    expect.stringMatching(/region="apac".* 0$/),
    expect.stringMatching(/region="enam".* 0$/),
    expect.stringMatching(/region="weur".* 1$/),
  ]);
});

it.each(["reset", "reload"])("names them after a %s as well, which the others have done", async (deed) => {
  const body = { reason: "test", ...(deed === "reset" ? { what: ["statistics"] } : {}) };
  const answer = await api.call("admin", "POST", `/api/v1/admin/loadbalancer/${deed}`, { body });
  expect(answer).toMatchObject({ status: 200, body: { hubs: { answered: ["weur"], away: ["enam", "apac"] } } });
});

it("names them after an order to a breaker, which gives them five seconds", async () => {
  const startedMs = performance.now();
  const body = { reason: "test", force: true };
  const answer = await api.call("operate", "POST", "/api/v1/circuit-breakers/eu1/open", { body });
  expect(answer).toMatchObject({ status: 200, body: { hubs: { told: ["weur"], away: ["enam", "apac"] } } });
  expect(performance.now() - startedMs).toBeLessThan(5_000 + SOON_MS);
});
