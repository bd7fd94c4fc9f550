import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../../demo/client.ts";
import { freePort } from "../../../demo/ports.ts";
import { startProcess } from "../../../demo/process.ts";
import { startApi, until, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { startOrigin, type Origin } from "../../support/place-origins.ts";

const REQUESTS = 30;
/** Debian: apt-get install prometheus. */
const hasPrometheus = ["promtool", "prometheus"].every((tool) => spawnSync(tool, ["--version"]).status === 0);

let origin: Origin;
let api: RunningApi;

beforeAll(async () => {
  origin = await startOrigin();
  api = await startApi({
    services: {
      shop: {
        hosts: ["shop.localhost"],
        pools: { eu: { region: "weur", origins: [{ id: "eu1", url: `http://127.0.0.1:${origin.port}` }] } },
        monitor: { mode: "passive" },
        rateLimits: [{ name: "all", key: ["ip"], limit: 20, windowSeconds: 3600, algorithm: "fixed-window" }],
      },
      stored: {
        hosts: ["stored.localhost"],
        pools: { eu: { region: "weur", origins: [{ id: "stored1", url: `http://127.0.0.1:${origin.port}` }] } },
        monitor: { mode: "passive" },
        cache: { rules: [{ mode: "force", ttlSeconds: 60 }] },
      },
      dead: {
        hosts: ["dead.localhost"],
        pools: { eu: { region: "weur", origins: [{ id: "dead1", url: "http://127.0.0.1:9" }] } },
        monitor: { mode: "passive" },
        retry: { attempts: 1 },
      },
    },
  });
  const { port } = api.workerd;
  const get = (host: string, path: string) => send({ port, host, path, headers: { "CF-Connecting-IP": "192.0.2.1" } });
  for (let index = 0; index < REQUESTS; index++) await get("shop.localhost", "/");
  for (let index = 0; index < 3; index++) await get("stored.localhost", "/logo.png");
  await get("dead.localhost", "/");
  await until(async () => (await scrape()).includes('service="dead",region'));
});
afterAll(() => Promise.all([api.stop(), origin.stop()]));

const scrape = async () => (await api.call<string>("read", "GET", "/metrics")).body;

/** The values of a metric's samples, by their labels as text. */
function samples(text: string, name: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf("} ");
      return [line.slice(name.length + 1, end), Number(line.slice(end + 2))];
    }),
  );
}
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe("GET /metrics", () => {
  it("happy: has requests, times, breakers, views, limits and hubs under their names", async () => {
    const answer = await api.call<string>("read", "GET", "/metrics");
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = answer.body;
    expect([...samples(text, "gateway_load_balancer_request_total")]).toEqual(
      expect.arrayContaining([
        ['algorithm="latency",instance="eu1",service="shop",region="enam",success="true"', 20],
        ['algorithm="latency",instance="dead1",service="dead",region="enam",success="false"', 1],
      ]),
    );
    const buckets = samples(text, "gateway_load_balancer_response_time_seconds_bucket");
    expect([...buckets].filter(([labels]) => labels.includes('le="+Inf"') && labels.includes("eu1"))).toEqual([
      ['instance="eu1",service="shop",region="enam",success="true",le="+Inf"', 20],
    ]);
    const cached = samples(text, "fairlead_cache_total");
    expect(cached.get('event="miss",service="stored",region="enam"')).toBe(1);
    expect(cached.get('event="hit",service="stored",region="enam"')).toBe(2);
    const limited = samples(text, "fairlead_rate_limit_total");
    expect(limited.get('limit="all",event="refused",service="shop",region="enam"')).toBe(REQUESTS - 20);
    expect(samples(text, "gateway_instance_health_score").get('service="shop",instance="eu1",region="enam"')).toBe(1);
    expect(samples(text, "gateway_instance_success_rate").get('service="shop",instance="eu1",region="enam"')).toBe(1);
    expect(samples(text, "gateway_instance_total_requests").get('service="shop",instance="eu1",region="enam"')).toBe(
      20,
    );
    const states = samples(text, "fairlead_breaker_state");
    expect(states.get('state="closed",service="shop",instance="eu1",region="enam"')).toBe(1);
    // One state for each of three origins in each region that was asked.
    expect(sum(states.values())).toBe(3 * samples(text, "fairlead_hub_up").size);
    expect(samples(text, "fairlead_view_age_seconds").get('region="enam"')).toBeLessThan(6);
    expect(sum(samples(text, "fairlead_hub_syncs_total").values())).toBeGreaterThan(0);
  });

  it.skipIf(!hasPrometheus)("happy: is what promtool has nothing against (skipped without promtool)", async () => {
    const checked = spawnSync("promtool", ["check", "metrics"], { input: await scrape(), encoding: "utf8" });
    expect({ status: checked.status, said: checked.stdout + checked.stderr }).toEqual({ status: 0, said: "" });
  });

  it.skipIf(!hasPrometheus)("happy: can be scraped as docs say (skipped without prometheus)", async () => {
    const directory = await mkdtemp(join(tmpdir(), "fairlead-prometheus-"));
    const port = await freePort();
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, api.tokens.read);
    const [, scrapeConfigs = ""] =
      /^```yaml\n([\s\S]*?)^```/m.exec(await readFile("docs/how-to/metrics.md", "utf8")) ?? [];
    const here = scrapeConfigs
      .replace("scheme: https", "scheme: http")
      .replace("scrape_interval: 30s", "scrape_interval: 1s")
      .replace("/etc/prometheus/fairlead-token", tokenFile)
      .replace("admin.example.com", `127.0.0.1:${api.workerd.port}`);
    await writeFile(join(directory, "prometheus.yml"), `rule_files: ["${resolve("docs/how-to/alerts.yml")}"]\n${here}`);
    const prometheus = await startProcess({
      name: "prometheus",
      command: "prometheus",
      args: [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
    try {
      const query = async (expression: string) => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
        const answer = await fetch(url).catch(() => null);
        if (answer === null || !answer.ok) return [];
        const body = (await answer.json()) as {
          data: { result: { metric: Record<string, string>; value: [number, string] }[] };
        };
        return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
      };
      await until(async () => (await query('up{job="fairlead"}'))[0]?.value === 1);
      const [total] = await query('sum(gateway_load_balancer_request_total{service="shop",success="true"})');
      expect(total?.value).toBe(20);
      const quantile = "histogram_quantile(0.5, sum by (le) (gateway_load_balancer_response_time_seconds_bucket))";
      expect((await query(quantile))[0]?.value).toBeGreaterThan(0);
      // What an alert about an origin groups by says which origin, not where it was scraped.
      const states = await query("max by (service, instance) (fairlead_breaker_state)");
      expect(new Set(states.map(({ metric }) => metric["instance"]))).toEqual(new Set(["dead1", "eu1", "stored1"]));
    } finally {
      await prometheus.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it.skipIf(!hasPrometheus)("happy: has alerts that say what went wrong (skipped without promtool)", async () => {
    const directory = await mkdtemp(join(tmpdir(), "fairlead-alerts-"));
    try {
      const alerts = resolve("docs/how-to/alerts.yml");
      const cases = await readFile("test/end-to-end/api/alerts.promtool.yml", "utf8");
      await writeFile(join(directory, "test.yml"), cases.replace("{{alerts}}", alerts));
      const tested = spawnSync("promtool", ["test", "rules", "test.yml"], { cwd: directory, encoding: "utf8" });
      expect(tested.stdout + tested.stderr).toContain("SUCCESS");
      expect(tested.status).toBe(0);
      const named = new Set((await readFile(alerts, "utf8")).match(/\b(?:fairlead|gateway)_[a-z_]+/g));
      const text = await scrape();
      expect([...named].filter((name) => !text.includes(`\n${name}{`))).toEqual([]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("error: there is no other method", async () => {
    expect((await api.call("admin", "POST", "/metrics")).status).toBe(405);
  });

  it("security: is for those who may read", async () => {
    expect(await whoGetsIn(api, "GET /metrics")).toEqual(["read", "admin"]);
  });
});
