/** `/api/v1/loadbalancer/config`: the configuration in force, another in its place, and every revision of it. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { withoutSecrets } from "../agreement/audit-record.ts";
import { difference } from "../agreement/history.ts";
import { configOf, effectiveConfig, layOver, type Overrides } from "../agreement/overlay.ts";
import type { Override } from "../agreement/override.ts";
import type { Config } from "../config/schema.ts";
import { requiredIfMatchHeader } from "./if-match.ts";
import { jsonDiff } from "./json-diff.ts";
import {
  changeBody,
  changeExample,
  changeSchema,
  expiresAt,
  expiresInSchema,
  forceSchema,
  maybeOverrideSchema,
  overrideBody,
  overrideExample,
  reasonSchema,
} from "./override-body.ts";
import { amend, standingOverrides } from "./overrides.ts";
import { cursorOf, pageQuery } from "./page.ts";
import { mayDo } from "./principal.ts";
import { ApiProblem } from "./problem.ts";
import { overridesAt, revisionsBelow } from "./revisions.ts";
import { answers, declare, json } from "./route.ts";
import { DEPLOYED_ONLY } from "./deployed-only.ts";
import type { ApiEnv, System } from "./system.ts";
import { waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Configuration";
const BASE = "/api/v1/loadbalancer/config";

/** A configuration put at runtime travels to every isolate, and its history is kept, in bytes of JSON. */
const MAX_BYTES = 512 * 1024;

const documentSchema = z.record(z.string(), z.unknown());
const documentExample = { services: { shop: { hosts: ["shop.example.com"], pools: {} } } };
const SECRECY = "Literal header values are shown only to the scope `config`.";

const configBodySchema = z
  .object({
    revision: z.int().describe("The number of the newest change; 0: nothing was changed since the deployment began."),
    base: z.string().describe("Content hash of the deployed configuration."),
    source: z.enum(["deployed", "runtime"]).describe("Whether `config` is the deployed one or one that was put."),
    config: documentSchema.describe("What `PUT` replaces: every default filled in, without single overrides."),
    effective: documentSchema.describe("The same with every override laid over it: what is in force."),
  })
  .openapi("Configuration");

const get = declare("read", TAG, [400, 404], {
  method: "get",
  path: BASE,
  summary: "The configuration in force, now or at an earlier revision",
  description: `\`ETag\` is the revision: send it back as \`If-Match\` to change what you have read. ${SECRECY}`,
  request: {
    query: z.object({ revision: z.coerce.number().int().min(0).optional().describe("Default: the newest.") }),
  },
  responses: {
    200: answers("The configuration.", configBodySchema, {
      revision: 17,
      base: "5f0c…",
      source: "deployed",
      config: documentExample,
      effective: documentExample,
    }),
  },
});

const putSchema = z.strictObject({
  config: documentSchema.describe("A whole configuration, as in `fairlead.config.ts`; defaults are filled in."),
  reason: reasonSchema,
  expiresInSeconds: expiresInSchema,
  force: forceSchema,
  ...waitMember,
});

const put = declare("config", TAG, [400, 409, 412], {
  method: "put",
  path: BASE,
  summary: "Put a whole configuration in the place of the deployed one",
  description: `Checked as \`npm run check:config\` checks it. It holds until the next deployment of another configuration, and is then shown as superseded. ${DEPLOYED_ONLY.map((name) => `\`${name}\``).join(", ")} stay as deployed. Single overrides go on standing over it.`,
  request: {
    headers: requiredIfMatchHeader,
    query: waitQuery,
    body: { required: true, ...json(putSchema, { config: documentExample, reason: "a pool in Frankfurt" }) },
  },
  responses: { 200: answers("It is in force.", changeSchema, changeExample) },
});

const revisionSchema = z
  .object({
    revision: z.int(),
    at: z.iso.datetime(),
    author: z.string(),
    action: z.string(),
    target: z.string(),
    reason: z.string(),
    requestId: z.string(),
    base: z.string().describe("Content hash of the configuration that was deployed where it was made."),
    diff: z
      .array(z.object({ key: z.string(), before: maybeOverrideSchema, after: maybeOverrideSchema }))
      .describe("Every override that it changed."),
  })
  .openapi("Revision");
const revisionExample: z.infer<typeof revisionSchema> = {
  revision: 17,
  at: "2026-11-21T09:30:00.000Z",
  author: "token:ops",
  action: "instance.drain",
  target: "origin/euw1",
  reason: "new kernel",
  requestId: "0b7c5d1e-6a51-4d7c-9a0a-0f4f6f0f6e55",
  base: "5f0c…",
  diff: [{ key: "administrative/euw1", before: null, after: overrideExample }],
};

const revisions = declare("read", TAG, [400], {
  method: "get",
  path: `${BASE}/revisions`,
  summary: "Every change that was made, the newest first",
  description: "Numbered and immutable; the last 10,000 are kept.",
  request: { query: pageQuery },
  responses: {
    200: answers(
      "A page of them.",
      z.object({
        revisions: z.array(revisionSchema),
        next: z.string().nullable().describe("`cursor` of the next page."),
      }),
      { revisions: [revisionExample], next: "17" },
    ),
  },
});

const diff = declare("read", TAG, [400, 404], {
  method: "get",
  path: `${BASE}/diff`,
  summary: "What is different between two revisions",
  description: SECRECY,
  request: {
    query: z.object({
      from: z.coerce.number().int().min(0).describe("A revision."),
      to: z.coerce.number().int().min(0).optional().describe("Another. Default: the newest."),
    }),
  },
  responses: {
    200: answers(
      "The overrides that differ, and where the configurations in force do.",
      z.object({
        from: z.int(),
        to: z.int(),
        overrides: revisionSchema.shape.diff,
        config: z.array(z.object({ pointer: z.string(), before: z.unknown(), after: z.unknown() })),
      }),
      {
        from: 16,
        to: 17,
        overrides: revisionExample.diff,
        config: [{ pointer: "#/services/shop/pools/eu/origins/0/weight", before: 1, after: 2 }],
      },
    ),
  },
});

const rollbackSchema = z.strictObject({
  revision: z.int().min(0).describe("The one to go back to; 0: nothing but what is deployed."),
  reason: reasonSchema,
  force: forceSchema,
  ...waitMember,
});

const rollback = declare("config", TAG, [400, 404, 409, 412], {
  method: "post",
  path: `${BASE}/rollback`,
  summary: "Go back to an earlier revision",
  description:
    "Makes a new revision that says what the earlier one said: its overrides, and its configuration if one was put. Origins that registered themselves are left as they are: their heartbeats decide.",
  request: {
    query: waitQuery,
    body: { required: true, ...json(rollbackSchema, { revision: 12, reason: "the new policy was slower" }) },
  },
  responses: { 200: answers("What it said is in force.", changeSchema, changeExample) },
});

export function addConfig(app: OpenAPIHono<ApiEnv>, system: System): void {
  const inForce = (overrides: Overrides) => layOver(system.config, system.digest, overrides, system.now());

  app.openapi(get, async (c) => {
    const head = await standingOverrides(system);
    const revision = c.req.valid("query").revision ?? head.revision;
    const overrides = await overridesAt(system, head, revision);
    const put = overrides.get("config");
    const isRuntime = put?.kind === "config" && put.base === system.digest;
    c.header("ETag", `"${revision}"`);
    return c.json(
      {
        revision,
        base: system.digest,
        source: isRuntime ? ("runtime" as const) : ("deployed" as const),
        config: shown(c, isRuntime ? configOf(put) : system.config),
        effective: shown(c, effectiveConfig(inForce(overrides))),
      },
      200,
    );
  });

  app.openapi(put, async (c) => {
    const { config: document, reason, expiresInSeconds, force, waitMs } = c.req.valid("json");
    // Whoever only reads waits for none of a configuration's schemas.
    const { soundConfig } = await import("./sound-config.ts");
    const config = soundConfig(system, document);
    const json = JSON.stringify(config);
    if (new TextEncoder().encode(json).byteLength > MAX_BYTES)
      throw new ApiProblem("too-large", `Expected a configuration of at most ${MAX_BYTES} bytes of JSON.`);
    const answer = await amend(c, system, waitOf(c.req.valid("query"), { waitMs }), () => {
      const expiresAtMs = expiresAt(system, expiresInSeconds);
      const entries = [{ key: "config", value: { kind: "config" as const, base: system.digest, json, expiresAtMs } }];
      return { action: "config.put", target: "config", reason, entries, force };
    });
    c.header("ETag", `"${answer.version}"`);
    return c.json(changeBody(answer), 200);
  });

  app.openapi(revisions, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const found = await revisionsBelow(system, limit + 1, cursor === undefined ? undefined : cursorOf(cursor));
    const page = found.slice(0, limit);
    return c.json(
      {
        revisions: page.map(({ version, atMs, note, changes }) => ({
          revision: version,
          at: new Date(atMs).toISOString(),
          author: note.actor ?? "unknown",
          action: note.action ?? "",
          target: note.target ?? "",
          reason: note.reason ?? "",
          requestId: note.requestId ?? "",
          base: note.base ?? "",
          diff: changes.map(({ key, before, after }) => ({ key, before: told(before), after: told(after) })),
        })),
        next: found.length > limit ? String(page.at(-1)!.version) : null,
      },
      200,
    );
  });

  app.openapi(diff, async (c) => {
    const head = await standingOverrides(system);
    const { from, to = head.revision } = c.req.valid("query");
    const [before, after] = [await overridesAt(system, head, from), await overridesAt(system, head, to)];
    const document = (overrides: Overrides) => shown(c, effectiveConfig(inForce(overrides)));
    return c.json(
      {
        from,
        to,
        overrides: difference(before, after).map((change) => ({
          key: change.key,
          before: told(change.before),
          after: told(change.after),
        })),
        config: jsonDiff(document(before), document(after)).map((change) => ({ before: null, after: null, ...change })),
      },
      200,
    );
  });

  app.openapi(rollback, async (c) => {
    const { revision, reason, force, waitMs } = c.req.valid("json");
    const target = await overridesAt(system, await standingOverrides(system), revision);
    const answer = await amend(c, system, waitOf(c.req.valid("query"), { waitMs }), ({ overrides }) => {
      const nowMs = system.now();
      const entries = difference(overrides, target)
        .filter(({ before, after }) => isOperators(before) && isOperators(after))
        .map(({ key, after }) => ({ key, value: isOver(after, nowMs) ? null : after }));
      // As it was, at once: whoever rolls back wants neither steps nor another word to say.
      return { action: "config.rollback", target: `revision/${revision}`, reason, entries, force, isRebalanced: true };
    });
    c.header("ETag", `"${answer.version}"`);
    return c.json(changeBody(answer), 200);
  });
}

/** A document as this caller may see it. */
function shown(c: Context<ApiEnv>, document: Config): Record<string, unknown> {
  return (mayDo(c.var.principal, "config") ? document : withoutSecrets(document)) as Record<string, unknown>;
}

function told(override: unknown): z.infer<typeof maybeOverrideSchema> {
  return override === null ? null : overrideBody(override as Override);
}

/** False for what is not an operator's word: origins that come and go by heartbeat, resets of limits. */
function isOperators(override: Override | null): boolean {
  return override === null || (override.kind !== "registration" && override.kind !== "limit-reset");
}

function isOver(override: Override | null, nowMs: number): boolean {
  return override !== null && override.expiresAtMs !== null && override.expiresAtMs <= nowMs;
}
