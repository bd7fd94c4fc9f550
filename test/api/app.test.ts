import { describe, expect, it } from "vitest";
import { documentOf } from "../../src/api/document.ts";
import { operationsOf } from "../../src/api/operations.ts";
import { withExamplesOnly } from "../../src/api/reference-page.ts";
import { bench, HOST, SAMPLE, sampleApp } from "./support.ts";

describe("every answer of the control plane", () => {
  it.each(["/health/live", "/docs", "/api/v1/openapi.json", "/nothing/here"])(
    "of %s forbids framing, sniffing and foreign content",
    async (path) => {
      const { headers } = await (await bench()).call("read", "GET", path);
      expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(headers.get("Content-Security-Policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("X-Frame-Options")).toBe("DENY");
      expect(headers.get("X-Request-Id")).toMatch(/./);
      expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
    },
  );

  it("keeps the client's request id if it is a decent one", async () => {
    const { call } = await bench();
    const kept = await call("read", "GET", "/health", { headers: { "X-Request-Id": "abc-1" } });
    expect(kept.headers.get("X-Request-Id")).toBe("abc-1");
    const replaced = await call("read", "GET", "/health", { headers: { "X-Request-Id": "<script>" } });
    expect(replaced.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("tells a stranger nothing of which paths exist", async () => {
    const { call } = await bench();
    expect((await call(null, "GET", "/nothing/here")).status).toBe(401);
    expect((await call("read", "GET", "/nothing/here")).status).toBe(404);
  });
});

describe("a change without a body", () => {
  const typed = { headers: { "Content-Type": "application/json" } };

  it("may name a content type", async () => {
    const { call } = await bench();
    for (const init of [{}, typed, { headers: { ...typed.headers, "Content-Length": "0" } }]) {
      const answer = await call("operate", "POST", "/api/v1/loadbalancer/instances/shop/eu1/enable", init);
      expect([answer.status, await answer.json()]).toMatchObject([200, { overrides: [] }]);
    }
  });

  it("is told what is missing where something has to be said", async () => {
    const { call } = await bench();
    const answer = await call("operate", "PUT", "/api/v1/loadbalancer/instances/shop/eu1/weight", typed);
    expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ pointer: "#/weight" }] }]);
  });
});

async function post(headers: Record<string, string>): Promise<Response> {
  const { call } = await bench();
  return call("admin", "POST", "/nothing/here", { headers });
}

describe("calls from browsers", () => {
  it.each([
    ["another site's page", { Origin: "https://evil.example" }],
    ["a page without an origin", { Origin: "null" }],
    ["another site, by fetch metadata", { "Sec-Fetch-Site": "cross-site" }],
    ["a sibling site", { "Sec-Fetch-Site": "same-site" }],
    ["who knows where, with a cookie", { Cookie: "CF_Authorization=x" }],
  ])("are refused a change from %s", async (_name, headers) => {
    const answer = await post(headers);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ type: "https://fairlead.dev/problems/cross-site" });
  });

  it.each([
    ["its own page", { Origin: HOST, Cookie: "CF_Authorization=x" }],
    ["its own page, by fetch metadata", { "Sec-Fetch-Site": "same-origin", Cookie: "a=b" }],
    ["no browser at all", {}],
  ])("may change things from %s", async (_name, headers) => {
    expect((await post(headers)).status).toBe(404);
  });

  it("get CORS for configured origins only", async () => {
    const { call } = await bench({ ...SAMPLE, admin: { corsOrigins: ["https://ops.example.com"] } });
    const preflight = (origin: string) =>
      call(null, "OPTIONS", "/health", { headers: { Origin: origin, "Access-Control-Request-Method": "GET" } });
    const allowed = await preflight("https://ops.example.com");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("Access-Control-Allow-Origin")).toBe("https://ops.example.com");
    const other = await preflight("https://evil.example");
    expect(other.status).toBe(401);
    expect(other.headers.get("Access-Control-Allow-Origin")).toBeNull();
    const read = await call("read", "GET", "/health", { headers: { Origin: "https://ops.example.com" } });
    expect(read.headers.get("Access-Control-Allow-Origin")).toBe("https://ops.example.com");
  });
});

describe("methods that a path does not take", () => {
  it.each([
    ["PATCH", "/api/v1/loadbalancer/stats", "GET, HEAD, OPTIONS"],
    ["DELETE", "/api/v1/loadbalancer/config", "GET, HEAD, OPTIONS, PUT"],
    ["GET", "/api/v1/loadbalancer/instances/shop/eu1/drain", "OPTIONS, POST"],
    ["POST", "/docs", "GET, HEAD, OPTIONS"],
  ])("%s %s is answered with those that it does", async (method, path, allowed) => {
    const { call } = await bench();
    const answer = await call("admin", method, path);
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allowed]);
    const options = await call("admin", "OPTIONS", path);
    expect([options.status, options.headers.get("Allow")]).toEqual([204, allowed]);
  });

  it("are nobody's where there is no such path", async () => {
    const { call } = await bench();
    expect((await call("admin", "OPTIONS", "/nothing/here")).status).toBe(404);
    expect((await call("admin", "PATCH", "/api/v1/loadbalancer/instances//eu1")).status).toBe(404);
    expect((await call(null, "PATCH", "/api/v1/loadbalancer/stats")).status).toBe(401);
  });
});

describe("bodies", () => {
  it("over 1 MiB are refused, whether they say so or not", async () => {
    const { call } = await bench();
    const answer = await call("admin", "POST", "/nothing/here", { body: `"${"x".repeat(1_048_576)}"` });
    expect(answer.status).toBe(413);
  });
});

describe("/docs", () => {
  it("is one small page without scripts, served with its style sheet to anybody", async () => {
    const { call } = await bench();
    const page = await call(null, "GET", "/docs");
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain("/api/v1/openapi.json");
    expect(html).not.toMatch(/<script|(?:src|href)="https?:/);
    const style = await call(null, "GET", "/docs/style.css");
    expect(style.headers.get("Content-Type")).toContain("text/css");
  });

  it("tells of every operation what the document tells", async () => {
    const app = await sampleApp();
    const operations = operationsOf(documentOf(app));
    expect(operationsOf(documentOf(withExamplesOnly(app)))).toEqual(operations);
    const { call } = await bench();
    const html = await (await call(null, "GET", "/docs")).text();
    for (const { method, path } of operations) {
      expect(html).toContain(`<span class="method">${method}</span> ${path}</code>`);
    }
  });
});

describe("health", () => {
  it("is public as far as a load balancer in front needs it", async () => {
    const { call } = await bench();
    expect(await (await call(null, "GET", "/health/live")).json()).toEqual({ status: "live" });
    expect(await (await call(null, "GET", "/health/ready")).json()).toEqual({ status: "ready" });
    expect((await call(null, "GET", "/health")).status).toBe(401);
  });

  it("is ready in part where a service lacks something, and not at all where each does", async () => {
    const { call, system } = await bench();
    const lacking = new Map([["shop", "Expected the secret `S` to be set"]]);
    system.faults = () => lacking;
    expect(await (await call(null, "GET", "/health/ready")).json()).toEqual({ status: "partly-ready" });
    const { services } = (await (await call("read", "GET", "/health")).json()) as { services: object[] };
    expect(services).toContainEqual(
      expect.objectContaining({ service: "shop", status: "unhealthy", fault: "Expected the secret `S` to be set" }),
    );
    for (const name of Object.keys(system.config.services)) lacking.set(name, "Expected the secret `S` to be set");
    const none = await call(null, "GET", "/health/ready");
    expect(none.status).toBe(503);
    expect(await none.text()).not.toContain("`S`");
  });

  it("names the origins that are out and why", async () => {
    const { call, system } = await bench();
    const shop = system.viewFor(new Request(HOST)).services.get("shop")!;
    shop.pools[0]!.origins[0]!.breaker = "open";
    const answer = await call("read", "GET", "/health/detailed");
    expect(await answer.json()).toMatchObject({
      status: "degraded",
      view: { region: "weur", ageMs: null },
      services: [
        { service: "shop", status: "degraded", available: 2, out: [{ origin: "eu1", reason: "breaker open" }] },
        { service: "blog", status: "healthy" },
      ],
    });
  });
});
