/** `/api/v1/cache/purge` and `/purges`: what is stored made to count as purged everywhere, and the log of that. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { purgeKey } from "../agreement/purge-mark.ts";
import type { Revision } from "../agreement/revision.ts";
import { marksOf, type PurgeTargets } from "../cache/purge-targets.ts";
import { covers } from "../config/admin-reach.ts";
import { withoutRootDot } from "../config/host.ts";
import { expectation } from "../config/problem.ts";
import { makeChange, reached } from "./change.ts";
import { cursorOf, pageQuery } from "./page.ts";
import { ApiProblem } from "./problem.ts";
import { answers, declare, json } from "./route.ts";
import { strayUrls } from "./stray-urls.ts";
import type { ApiEnv, System } from "./system.ts";
import { fieldError, invalid } from "./validation.ts";
import { confirmationBody, confirmationExample, confirmationSchema, waitMember, waitOf, waitQuery } from "./wait.ts";

const TAG = "Cache";

/** More things in one purge than this are better named by a tag or a prefix. */
const MAX_TARGETS = 1_000;
const MAX_LENGTH = 8_192;

const listOf = (item: z.ZodString, description: string) =>
  z.array(item.max(MAX_LENGTH)).max(MAX_TARGETS).default([]).describe(description);

const targetFields = {
  urls: listOf(
    z.string().regex(/^https?:\/\/[^\s/?#@]+(?:[/?#]\S*)?$/i, "an absolute http or https URL"),
    "URLs as clients ask for them. The rule's key reduces them: parameters that do not count are left out. Both schemes are purged.",
  ),
  tags: listOf(
    z.string().regex(/^[^\s,]+$/, "a tag: no spaces, no commas"),
    "Words of `Cache-Tag` or `Surrogate-Key`; case makes no difference.",
  ),
  prefixes: listOf(
    z.string().regex(/^(?:https?:\/\/)?[^\s/?#@]+(?:\/[^\s#]*)?$/i, "a host and the beginning of a path"),
    "Host and the beginning of a path: `shop.example.com/catalog/`.",
  ),
  hosts: listOf(z.string().regex(/^[^\s/?#@:]+$/, "a host without port"), "Everything of these hosts."),
};

const purgeSchema = z
  .strictObject({
    ...targetFields,
    everything: z.literal(true).optional().describe("All that is stored, or all of `service`."),
    soft: z
      .boolean()
      .default(false)
      .describe("Count as stale instead of gone: revalidated, and served meanwhile where the rule or origin allows."),
    service: z.string().optional().describe("Only what is stored for this service."),
    reason: z.string().max(1_000).optional().describe("For the log and the audit trail."),
    ...waitMember,
  })
  .openapi("Purge");

const purgedSchema = confirmationSchema
  .extend({
    id: z.string().describe("Of the purge, for `GET /api/v1/cache/purges/{id}`."),
    epoch: z.int().describe("Its place in the purge log: what was fetched under an earlier epoch is purged."),
  })
  .openapi("Purged");

const purgedExample = { id: "purge-17", epoch: 17, ...confirmationExample };

const purge = declare("purge", TAG, [400], {
  method: "post",
  path: "/api/v1/cache/purge",
  summary: "Purge what is stored, everywhere",
  description:
    "Name at least one thing. Answered when it is a fact: with `complete`, no request received from now on gets what was purged. What is being fetched now is purged too.",
  request: { query: waitQuery, body: { required: true, ...json(purgeSchema, { tags: ["product-42"] }) } },
  responses: { 200: answers("How far the purge has got.", purgedSchema, purgedExample) },
});

const recordSchema = z
  .object({
    id: z.string(),
    epoch: z.int(),
    at: z.iso.datetime(),
    actor: z.string().describe("Who: `token:<name>` or `access:<who>`."),
    reason: z.string(),
    requestId: z.string(),
    service: z.string().nullable(),
    soft: z.boolean(),
    urls: z.array(z.string()).describe("As stored answers name them: without scheme."),
    tags: z.array(z.string()),
    prefixes: z.array(z.string()),
    hosts: z.array(z.string()),
    everything: z.boolean(),
  })
  .openapi("PurgeRecord");

const recordExample: z.infer<typeof recordSchema> = {
  id: "purge-17",
  epoch: 17,
  at: "2026-11-21T09:30:00.000Z",
  actor: "token:deploy",
  reason: "new prices",
  requestId: "0b7c5d1e-6a51-4d7c-9a0a-0f4f6f0f6e55",
  service: null,
  soft: false,
  urls: [],
  tags: ["product-42"],
  prefixes: [],
  hosts: [],
  everything: false,
};

const list = declare("read", TAG, [400], {
  method: "get",
  path: "/api/v1/cache/purges",
  summary: "Who purged what and when, the newest first",
  description: "The latest 10,000.",
  request: { query: pageQuery },
  responses: {
    200: answers(
      "A page of the log.",
      z.object({ purges: z.array(recordSchema), next: z.string().nullable().describe("`cursor` of the next page.") }),
      { purges: [recordExample], next: "17" },
    ),
  },
});

const one = declare("read", TAG, [400, 404], {
  method: "get",
  path: "/api/v1/cache/purges/{id}",
  summary: "One purge, and how far it has got",
  request: {
    params: z.object({ id: z.string().describe("As the purge was answered with.") }),
    query: z.object({
      waitMs: z.coerce
        .number()
        .int()
        .min(0)
        .max(30_000)
        .default(1_000)
        .describe("How long to wait for it to be complete, ms."),
    }),
  },
  responses: {
    200: answers("The purge.", recordSchema.extend(confirmationSchema.shape), {
      ...recordExample,
      ...confirmationExample,
    }),
  },
});

export function addCachePurge(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(purge, async (c) => {
    const { reason, service, everything = false, ...named } = c.req.valid("json");
    const marks = marksOf({ ...named, everything, service: service ?? null });
    refuseUnknown(system, named, service);
    if (marks.length === 0 || marks.length > MAX_TARGETS) {
      const expected = `Expected 1 to ${MAX_TARGETS} of \`urls\`, \`tags\`, \`prefixes\`, \`hosts\` and \`everything\` together`;
      throw invalid([{ pointer: "#", detail: `${expected}, got ${marks.length}` }]);
    }
    const entries = marks.map((mark) => ({ key: purgeKey(mark), value: mark }));
    const target = service === undefined ? "cache" : `service/${service}`;
    const { version, ...confirmation } = await makeChange(
      c,
      system,
      { section: "purges", entries, action: "cache.purge", target, reason },
      waitOf(c.req.valid("query"), c.req.valid("json")),
    );
    return c.json({ id: idOf(version), epoch: version, ...confirmationBody(confirmation) }, 200);
  });

  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const before = cursor === undefined ? undefined : cursorOf(cursor);
    const revisions = await reached(system.control.changes("purges", limit, before));
    const next = revisions.length < limit ? null : String(revisions.at(-1)!.version);
    return c.json({ purges: revisions.map(recordOf), next }, 200);
  });

  app.openapi(one, async (c) => {
    const { id } = c.req.valid("param");
    const epoch = epochOf(id);
    const [revision] = epoch === null ? [] : await reached(system.control.changes("purges", 1, epoch + 1));
    if (epoch === null || revision?.version !== epoch)
      throw new ApiProblem("not-found", `There is no purge \`${id}\` in the log.`);
    const confirmation = await reached(system.control.confirm("purges", epoch, c.req.valid("query").waitMs));
    return c.json({ ...recordOf(revision), ...confirmationBody(confirmation) }, 200);
  });
}

/** A name that belongs to nothing is a slip of the pen, and a purge of it would be answered as if it had done something. */
function refuseUnknown(
  system: System,
  { urls, hosts, prefixes }: Pick<PurgeTargets, "urls" | "hosts" | "prefixes">,
  service: string | undefined,
): void {
  const services = system.effective().services;
  const patterns = Object.values(services).flatMap((each) => each.hosts);
  const isServed = (place: string) => {
    const url = URL.parse(`http://${place}`);
    return url !== null && patterns.some((pattern) => covers(pattern, withoutRootDot(url.hostname)));
  };
  const errors = [
    ...strayUrls(system, urls),
    ...stray("prefixes", prefixes, "of a host that a service answers", (prefix) =>
      isServed(prefix.replace(/^https?:\/\//i, "")),
    ),
    ...stray("hosts", hosts, "a host that a service answers", isServed),
  ];
  if (service !== undefined && !Object.hasOwn(services, service)) {
    const expected = `one of ${Object.keys(services).join(", ")}`;
    errors.unshift(fieldError(expectation(["service"], expected, service), true));
  }
  if (errors.length > 0) throw invalid(errors);
}

const stray = (field: string, values: readonly string[], what: string, isKnown: (value: string) => boolean) =>
  values.flatMap((value, index) =>
    isKnown(value) ? [] : [fieldError(expectation([field, index], what, value), true)],
  );

function idOf(epoch: number): string {
  return `purge-${epoch}`;
}

function epochOf(id: string): number | null {
  const digits = /^purge-(\d{1,15})$/.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** What a purge was about is read off the keys that it wrote. */
function recordOf({ version, atMs, keys, note }: Revision): z.infer<typeof recordSchema> {
  const marks = keys.map(
    (key) => JSON.parse(key) as [kind: string, service: string | null, soft: boolean, value: string],
  );
  const named = (kind: string) => marks.filter((mark) => mark[0] === kind).map((mark) => mark[3]);
  return {
    id: idOf(version),
    epoch: version,
    at: new Date(atMs).toISOString(),
    actor: note.actor ?? "",
    reason: note.reason ?? "",
    requestId: note.requestId ?? "",
    service: marks[0]?.[1] ?? null,
    soft: marks[0]?.[2] ?? false,
    urls: named("url"),
    tags: named("tag"),
    prefixes: named("prefix"),
    hosts: named("host"),
    everything: named("everything").length > 0,
  };
}
