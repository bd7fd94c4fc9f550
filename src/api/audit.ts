/** `/api/v1/audit`: who changed what, when and why. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { AuditRecord } from "../agreement/audit-record.ts";
import { reached } from "./change.ts";
import { cursorOf, pageQuery } from "./page.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

const recordSchema = z
  .object({
    id: z.int().describe("Grows with every record."),
    at: z.iso.datetime(),
    actor: z.string().describe("`token:<name>`, `access:<who>`, or `fairlead` for what time did."),
    action: z.string(),
    target: z.string(),
    reason: z.string(),
    requestId: z.string(),
    before: z.unknown().describe("What it was. Secrets are replaced before anything is stored."),
    after: z.unknown().describe("What it became."),
    outcome: z.enum(["done", "failed"]),
  })
  .openapi("AuditRecord");

const querySchema = pageQuery.extend({
  actor: z.string().optional().describe("Only what this one did: `token:ops`."),
  action: z.string().optional().describe("Only this: `instance.drain`."),
  target: z.string().optional().describe("Only what was done to this: `origin/eu1`."),
  from: z.iso.datetime({ offset: true }).optional().describe("From this time on (RFC 3339)."),
  to: z.iso.datetime({ offset: true }).optional().describe("Before this time (RFC 3339)."),
});

const example: z.infer<typeof recordSchema> = {
  id: 42,
  at: "2026-11-21T09:30:00.000Z",
  actor: "token:ops",
  action: "instance.drain",
  target: "origin/euw1",
  reason: "new kernel",
  requestId: "0b7c5d1e-6a51-4d7c-9a0a-0f4f6f0f6e55",
  before: { "administrative/euw1": null },
  after: { "administrative/euw1": { kind: "administrative", origin: "euw1", state: "draining", expiresAtMs: null } },
  outcome: "done",
};

const list = declare("audit", "Audit", [400], {
  method: "get",
  path: "/api/v1/audit",
  summary: "Who changed what, the newest first",
  description:
    "Append-only. A change that is answered as complete is in here; one that is not follows within moments. What is done outside the agreed state (a breaker opened, a counter reset) is written down before it is done.",
  request: { query: querySchema },
  responses: {
    200: answers(
      "A page of records.",
      z.object({ records: z.array(recordSchema), next: z.string().nullable().describe("`cursor` of the next page.") }),
      { records: [example], next: "42" },
    ),
  },
});

export function addAudit(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(list, async (c) => {
    const { actor, action, target, from, to, limit, cursor } = c.req.valid("query");
    const records = await reached(
      system.audit.query({
        actor,
        action,
        target,
        fromMs: from === undefined ? undefined : Date.parse(from),
        toMs: to === undefined ? undefined : Date.parse(to),
        before: cursor === undefined ? undefined : cursorOf(cursor),
        limit: limit + 1,
      }),
    );
    const page = records.slice(0, limit);
    const next = records.length > limit ? String(page.at(-1)!.id) : null;
    return c.json({ records: page.map(recordBody), next }, 200);
  });
}

function recordBody({ atMs, ...record }: AuditRecord): z.infer<typeof recordSchema> {
  return { ...record, at: new Date(atMs).toISOString() };
}
