/**
 * The control plane on real workerd under requests made from its own OpenAPI document and bent: wrong parameters, bodies,
 * fields and credentials. It must never fail, never show its insides, and never change anything for who may not.
 */
import fc from "fast-check";
import { operationsOf, scopeOf, type Operation } from "../../src/api/operations.ts";
import type { OpenApiDocument } from "../../src/api/document.ts";
import { SCOPES, type Scope } from "../../src/config/scope.ts";
import { startApi, type RunningApi } from "../../test/support/api.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const REQUESTS = 20_000;
const QUICK_REQUESTS = 1_000;
const SEED = 20_261_121;
const AT_ONCE = 8;

type Caller = Scope | "nobody" | "wrong token";

interface Shot {
  readonly operation: Operation;
  readonly path: string;
  readonly caller: Caller;
  readonly body: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is said of a stack: a frame, or a place in a source file. */
const INSIDES = /\n\s+at |\.[jt]s:\d+|node_modules/;

export async function measureFuzz(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const api = await startApi({
    services: {
      shop: {
        hosts: ["shop.localhost"],
        pools: {
          eu: { region: "weur", origins: [{ id: "eu1", url: "http://127.0.0.1:9" }] },
          us: { region: "enam", origins: [{ id: "us1", url: "http://127.0.0.1:9" }] },
        },
        monitor: { mode: "passive" },
        rateLimits: [{ name: "all", limit: 100, windowSeconds: 60 }],
      },
    },
  });
  try {
    const { body: document } = await api.call<OpenApiDocument>("read", "GET", "/api/v1/openapi.json");
    const shots = fc.sample(shotOf(operationsOf(document)), { numRuns: quick ? QUICK_REQUESTS : REQUESTS, seed: SEED });
    let failures = 0;
    let insides = 0;
    let intrusions = 0;
    const seen = new Map<number, number>();
    const note = (what: string, shot: Shot, answer: { status: number; body: unknown }) =>
      report.note(
        `${what}: ${answer.status} to ${shot.operation.method} ${shot.path} by ${shot.caller}, body ${shot.body?.slice(0, 200)}: ${JSON.stringify(answer.body).slice(0, 300)}`,
      );
    await inParallel(shots, async (shot, index) => {
      const answer = await fire(api, shot, index);
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
      if (answer.status >= 500 && ++failures <= 5) note("failed", shot, answer);
      if (INSIDES.test(text) && ++insides <= 5) note("shows its insides", shot, answer);
      if (!mayCall(shot) && ![400, 401, 403, 404, 415, 429].includes(answer.status) && ++intrusions <= 5)
        note("let in", shot, answer);
    });
    const trail = await api.call<{ records: { actor: string; action: string }[] }>(
      "audit",
      "GET",
      "/api/v1/audit?limit=1000",
    );
    const changers: readonly string[] = ["token:operate", "token:purge", "token:config", "token:admin", "fairlead"];
    intrusions += trail.body.records.filter(({ actor }) => !changers.includes(actor)).length;
    const statuses = [...seen].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    report.note(`${shots.length} requests, seed ${SEED}; answers ${statuses.join(", ")}`);
    const zero = { unit: "answers", target: { equals: 0 } } as const;
    report.figure({ figure: `fuzz, ${shots.length} requests from the document: 5xx`, value: failures, ...zero });
    report.figure({ figure: `fuzz, ${shots.length} requests: stack traces`, value: insides, ...zero });
    report.figure({
      figure: `fuzz, ${shots.length} requests: done or changed without authorisation`,
      value: intrusions,
      ...zero,
    });
  } finally {
    await api.stop();
  }
}

function mayCall({ operation, caller }: Shot): boolean {
  const scope = scopeOf(operation);
  return scope === null || caller === scope || caller === "admin";
}

async function fire(api: RunningApi, { operation, path, caller, body, headers }: Shot, index: number) {
  const scope = caller === "nobody" || caller === "wrong token" ? null : caller;
  // Each from an address of its own, so that wrong tokens lock nobody else out.
  const address = `198.51.${(index >> 8) & 255}.${index & 255}`;
  return api.call(scope, operation.method.toUpperCase(), path, {
    ...(body === null ? {} : { body }),
    headers: {
      "CF-Connecting-IP": address,
      ...(caller === "wrong token" ? { Authorization: `Bearer flt_${"B".repeat(43)}` } : {}),
      ...headers,
    },
  });
}

function shotOf(operations: readonly Operation[]): fc.Arbitrary<Shot> {
  const callers: readonly Caller[] = [...SCOPES, "nobody", "wrong token"];
  return fc.constantFrom(...operations).chain((operation) => {
    const right = (scopeOf(operation) ?? "nobody") as Caller;
    return fc.record({
      operation: fc.constant(operation),
      path: pathOf(operation),
      caller: fc.oneof({ weight: 2, arbitrary: fc.constant(right) }, fc.constantFrom(...callers)),
      body: operation.method === "get" ? fc.constant(null) : bodyOf(operation.body),
      headers: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, oddHeaders),
    });
  });
}

const KNOWN = ["shop", "eu1", "us1", "all", "eu", "x", "0", "latency", "192.0.2.1", "http://127.0.0.1:9"];
const text = fc.oneof(fc.constantFrom(...KNOWN), fc.string({ minLength: 1, maxLength: 30, unit: "binary" }));

function pathOf({ path, parameters }: Operation): fc.Arbitrary<string> {
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!);
  const inQuery = parameters.filter(({ place }) => place === "query").map(({ name }) => name);
  return fc
    .tuple(
      fc.array(text, { minLength: inPath.length, maxLength: inPath.length }),
      fc.record(Object.fromEntries(inQuery.map((name) => [name, queryValue])), { requiredKeys: [] }),
      // A change is made whether or not it is waited for; waiting for thousands of them would tell nothing more.
      fc.constant(inQuery.includes("waitMs")),
    )
    .map(([values, query, waits]) => {
      let filled = path;
      inPath.forEach((name, index) => (filled = filled.replace(`{${name}}`, encoded(values[index]!))));
      const pairs = Object.entries({ ...query, ...(waits ? { waitMs: "0" } : {}) });
      const search = pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
      return search === "" ? filled : `${filled}?${search}`;
    });
}

const queryValue = fc.oneof(
  text,
  fc.integer().map(String),
  fc.constantFrom("1h", "5m", "true", "2026-11-21T00:00:00Z"),
);

/** Lone surrogates cannot be written in a URL. */
function encoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** The example as it is, with members bent or added or gone, any JSON, and what is no JSON. */
function bodyOf(example: unknown): fc.Arbitrary<string> {
  const members = typeof example === "object" && example !== null ? Object.keys(example) : [];
  const bent = fc
    .tuple(fc.constantFrom("reason", ...members), fc.oneof(fc.jsonValue({ maxDepth: 3 }), text), fc.boolean())
    .map(([name, value, isGone]) => {
      const { [name]: _gone, ...rest } = (example ?? {}) as Record<string, unknown>;
      return JSON.stringify(isGone ? rest : { ...rest, [name]: value });
    });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(JSON.stringify(example ?? {})) },
    { weight: 4, arbitrary: bent },
    { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 200, unit: "binary" }).map((odd) => odd.toWellFormed()) },
  );
}

const oddHeaders = fc.record(
  {
    "Content-Type": fc.constantFrom("text/plain", "application/json; charset=utf-7", "multipart/form-data", "x"),
    "If-Match": fc.constantFrom("*", '"0"', '"999"', "W/", "\u00ff"),
    "Idempotency-Key": fc.stringMatching(/^[!-~]{1,80}$/),
    "X-Request-Id": fc.stringMatching(/^[ -~]{1,200}$/),
    Origin: fc.constantFrom("https://evil.example", "null"),
    "MF-CF-Blob": fc.constantFrom('{"continent":"EU","latitude":"x","longitude":"500"}', '{"colo":1}'),
  },
  { requiredKeys: [] },
);

async function inParallel<Item>(items: readonly Item[], act: (item: Item, index: number) => Promise<void>) {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await act(items[index]!, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
