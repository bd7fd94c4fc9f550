import { OpenAPIHono } from "@hono/zod-openapi";
import { describe, expect, it } from "vitest";
import { audited, makeChange } from "../../src/api/change.ts";
import { doneOnce } from "../../src/api/idempotent.ts";
import { ApiProblem, problemResponse } from "../../src/api/problem.ts";
import type { ApiEnv, System } from "../../src/api/system.ts";
import { confirmationBody, confirmationExample, confirmationSchema, waitQuery } from "../../src/api/wait.ts";
import { bench } from "./support.ts";

/** A resource that weighs eu1, and one that fails, over a control plane in memory. */
async function weigher(over: Partial<System> = {}) {
  const { system: whole } = await bench();
  const system = { ...whole, ...over };
  const app = new OpenAPIHono<ApiEnv>();
  app.use((c, next) => {
    c.set("requestId", "r1");
    c.set("principal", { name: c.req.header("X-Who") ?? "token:ops", scopes: ["operate"] });
    return next();
  });
  app.use(doneOnce(system));
  app.post("/weight", async (c) => {
    const { weight, expected } = await c.req.json<{ weight: number; expected?: number }>();
    const value = { kind: "weight", origin: "eu1", weight, expiresAtMs: null } as const;
    const { waitMs } = waitQuery.parse(c.req.query());
    const change = {
      action: "instance.weight",
      target: "origin/eu1",
      reason: "trying",
      section: "overrides" as const,
      entries: [{ key: "weight/eu1", value }],
      ...(expected === undefined ? {} : { expected }),
    };
    const answer = await makeChange(c, system, change, waitMs);
    return c.json({ revision: answer.version, ...confirmationBody(answer), changes: answer.changes });
  });
  app.post("/open", (c) =>
    audited(c, system, { action: "breaker.open", target: "origin/eu1" }, { phase: "closed" }, () =>
      Promise.reject(new ApiProblem("conflict", "It is open.")),
    ),
  );
  app.onError((error) => problemResponse(error as ApiProblem, "r1"));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, { method: "POST", body: JSON.stringify(body), headers });
  const weightHere = () =>
    system.viewFor(new Request("https://x.example")).services.get("shop")!.pools[0]!.origins[0]!.weight;
  return { system, post, weightHere };
}

describe("a change", () => {
  it("is in force in this isolate when it is answered, and in the audit trail with its author", async () => {
    const { system, post, weightHere } = await weigher();
    const answer = (await (await post("/weight", { weight: 7 })).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ revision: 1, complete: true, changes: [{ key: "weight/eu1", before: null }] });
    expect(Object.keys(confirmationSchema.parse(answer))).toEqual(Object.keys(confirmationExample));
    expect(weightHere()).toBe(7);
    expect(await system.audit.query({ limit: 10 })).toMatchObject([
      { actor: "token:ops", action: "instance.weight", target: "origin/eu1", reason: "trying", requestId: "r1" },
    ]);
  });

  it("of what no longer stands is refused, and this isolate learns what does", async () => {
    const { system, post, weightHere } = await weigher();
    await system.control.append(
      "overrides",
      [{ key: "weight/eu1", value: { kind: "weight", origin: "eu1", weight: 9, expiresAtMs: null } }],
      {},
    );
    const refused = await post("/weight", { weight: 7, expected: 0 });
    expect(refused.status).toBe(412);
    expect(await refused.json()).toMatchObject({ revision: 1 });
    expect(weightHere()).toBe(9);
  });

  it("that cannot be made is answered 503 without a word of why", async () => {
    const { system } = await weigher();
    const away = { ...system.control, append: () => Promise.reject(new Error("secret place unreachable")) };
    const { post } = await weigher({ control: away });
    const answer = await post("/weight", { weight: 7 });
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("secret place");
  });
});

describe("what no logged section is about", () => {
  it("is written down before it is done, and again when it fails", async () => {
    const { system, post } = await weigher();
    expect((await post("/open", {})).status).toBe(409);
    expect((await system.audit.query({ limit: 10 })).map(({ outcome }) => outcome)).toEqual(["failed", "done"]);
  });

  it("is not done when it cannot be written down", async () => {
    const { system } = await weigher();
    const { post } = await weigher({
      audit: { ...system.audit, append: () => Promise.reject(new Error("away")) },
    });
    expect((await post("/open", {})).status).toBe(503);
  });
});

describe("a POST with an Idempotency-Key", () => {
  const key = { "Idempotency-Key": "k1" };

  it("is done once, and answered the same again", async () => {
    const { system, post } = await weigher();
    const first = await post("/weight", { weight: 7 }, key);
    const again = await post("/weight", { weight: 7 }, key);
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await system.control.standing("overrides")).version).toBe(1);
  });

  it("is refused with another body, and means nothing to another caller", async () => {
    const { system, post } = await weigher();
    await post("/weight", { weight: 7 }, key);
    expect((await post("/weight", { weight: 8 }, key)).status).toBe(422);
    expect((await post("/weight", { weight: 8 }, { ...key, "X-Who": "token:other" })).status).toBe(200);
    expect((await system.control.standing("overrides")).version).toBe(2);
  });

  it("may be tried again after it failed", async () => {
    const { post } = await weigher();
    expect((await post("/weight", { weight: 7, expected: 5 }, key)).status).toBe(412);
    expect((await post("/weight", { weight: 7, expected: 0 }, key)).status).toBe(422);
    expect((await post("/weight", { weight: 7, expected: 5 }, key)).status).toBe(412);
  });
});
