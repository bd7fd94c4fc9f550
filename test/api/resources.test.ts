import { OpenAPIHono } from "@hono/zod-openapi";
import { describe, expect, it } from "vitest";
import { RESOURCES, resourceAt } from "../../src/api/resources.ts";
import type { ApiEnv } from "../../src/api/system.ts";
import { bench, sampleApp } from "./support.ts";

describe("the resources of the control plane", () => {
  it.each(RESOURCES.map((resource) => [resource.at.join(", "), resource] as const))(
    "%s is asked for each of its routes, and for nothing else",
    async (_at, resource) => {
      const app = new OpenAPIHono<ApiEnv>();
      const { system } = await bench();
      for (const addRoutes of await resource.load()) addRoutes(app, system, sampleApp);
      expect(app.routes).not.toEqual([]);
      for (const { path } of app.routes) expect(resourceAt(path)).toBe(resource);
      for (const at of resource.at) {
        expect(app.routes.some(({ path }) => path === at || path.startsWith(`${at}/`))).toBe(true);
      }
    },
  );

  it.each(["/", "/healthy", "/api/v1", "/api/v1/cache/purgery", "/api/v1/loadbalancer/instance"])(
    "leave %s to nobody",
    (path) => {
      expect(resourceAt(path)).toBeNull();
    },
  );

  it("are found by escaped paths as by plain ones", async () => {
    const { call } = await bench();
    const answer = await call("read", "GET", "/api/v1/loadbalancer/%73tats");
    expect(answer.status).toBe((await call("read", "GET", "/api/v1/loadbalancer/stats")).status);
  });

  it("count wrong credentials together, whichever is asked", async () => {
    const { call } = await bench();
    const headers = { Authorization: `Bearer flt_${"A".repeat(43)}` };
    const paths = ["/health", "/metrics", "/api/v1/audit", "/api/v1/retry", "/nothing/here"];
    for (const path of paths) expect((await call(null, "GET", path, { headers })).status).toBe(401);
    expect((await call(null, "GET", "/api/v1/rate-limits", { headers })).status).toBe(429);
  });
});
