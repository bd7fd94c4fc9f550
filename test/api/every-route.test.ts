import { describe, expect, it } from "vitest";
import { documentOf } from "../../src/api/document.ts";
import { operationsOf, scopeOf, type Operation } from "../../src/api/operations.ts";
import { SCOPES } from "../../src/config/scope.ts";
import { bench, sampleApp } from "./support.ts";

const app = await sampleApp();
const document = documentOf(app);
const operations = operationsOf(document);
const PUBLIC = ["/health/live", "/health/ready"];

/** A path with something in place of its parameters, and the body of the example. */
function callOf({ method, path, body }: Operation): [string, string, { body?: unknown }] {
  return [method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, "x"), body === undefined ? {} : { body }];
}

describe("the OpenAPI document", () => {
  it("has every route of the app, but for the reference page itself", () => {
    const routed = app.routes
      .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/docs"))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:([^/]+)/g, "{$1}")}`);
    const documented = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(new Set(documented)).toEqual(new Set(routed));
  });

  it("gives every operation a name of its own", () => {
    const names = Object.values(document.paths ?? {}).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId?: string }).operationId),
    );
    expect(names).toHaveLength(operations.length);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("postLoadbalancerInstancesServiceInstanceDrain");
  });

  it.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s says what it is, what it asks for, how it fails and what it looks like",
    (_name, operation) => {
      expect(operation.summary).not.toBe("");
      const scope = scopeOf(operation);
      const isPublic = PUBLIC.includes(operation.path);
      expect(isPublic ? [null] : SCOPES).toContain(scope);
      const statuses = operation.answers.map(({ status }) => status);
      expect(statuses).toEqual(expect.arrayContaining(isPublic ? ["421"] : ["401", "403", "503"]));
      const success = operation.answers.filter(({ status }) => status.startsWith("2"));
      expect(success).toHaveLength(1);
      expect(success[0]).toHaveProperty(success[0]!.status === "204" ? "description" : "example", expect.anything());
      const undescribed = operation.parameters.filter(({ description }) => description === "");
      expect(undescribed).toEqual([]);
    },
  );
});

/** Every object in the document. */
function* partsOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Readonly<Record<string, unknown>>;
  for (const part of Object.values(value)) yield* partsOf(part);
}

describe("the schemas of the OpenAPI document", () => {
  const parts = [...partsOf(document)];

  it("name each alternative once", () => {
    const alternatives = parts.flatMap(({ anyOf }) =>
      Array.isArray(anyOf) ? [anyOf.map((one) => JSON.stringify(one))] : [],
    );
    expect(alternatives.length).toBeGreaterThan(5);
    expect(alternatives.filter((each) => new Set(each).size < each.length)).toEqual([]);
  });

  it("say of nothing that it is an object of some name and may be null", () => {
    const combined = parts.flatMap(({ allOf }) => (Array.isArray(allOf) ? [allOf as { type?: unknown }[]] : []));
    expect(combined.length).toBeGreaterThan(5);
    expect(combined.filter((each) => each.some(({ type }) => Array.isArray(type) && type.includes("null")))).toEqual(
      [],
    );
  });
});

describe("who may call what", () => {
  const guarded = operations.filter((operation) => scopeOf(operation) !== null);

  it("leaves public what is listed here and nothing else", () => {
    expect(operations.filter((operation) => scopeOf(operation) === null).map(({ path }) => path)).toEqual(PUBLIC);
  });

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s",
    async (_name, operation) => {
      const scope = scopeOf(operation) as (typeof SCOPES)[number];
      const wrong = SCOPES.filter((other) => other !== scope && other !== "admin");
      const { call } = await bench();
      const [method, path, init] = callOf(operation);

      const without = await call(null, method, path, init);
      expect(without.status).toBe(401);
      expect(without.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);

      const unknown = await call(null, method, path, {
        ...init,
        headers: { Authorization: `Bearer flt_${"A".repeat(43)}` },
      });
      expect(unknown.status).toBe(401);

      for (const other of wrong) {
        const refused = await call(other, method, path, init);
        expect({ other, status: refused.status, ...((await refused.json()) as object) }).toMatchObject({
          other,
          status: 403,
          type: "https://fairlead.dev/problems/forbidden",
        });
      }

      for (const right of [scope, "admin"] as const) {
        const { status } = await call(right, method, path, init);
        expect([401, 403, 429, 500]).not.toContain(status);
      }
    },
  );

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s stays shut while no tokens are set",
    async (_name, operation) => {
      const { call } = await bench(undefined, { ADMIN_TOKENS: "" });
      const [method, path, init] = callOf(operation);
      for (const scope of [null, "admin"] as const) {
        const answer = await call(scope, method, path, init);
        expect(answer.status).toBe(503);
        expect(await answer.text()).toContain("npx wrangler secret put ADMIN_TOKENS");
      }
    },
  );
});
