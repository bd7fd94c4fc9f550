import fc from "fast-check";
import { registerHooks } from "node:module";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type * as Configuration from "../../src/config/schema.ts";
import { describeProblem, problemsOf } from "../../src/config/problem.ts";
import { configSchema } from "../../src/config/schema.ts";
import { sampleApp, SAMPLE } from "../api/support.ts";
import type * as Api from "../api/support.ts";

const BUNDLE = new URL("../../.ci/bundle/", import.meta.url).href;

/** Modules asked for with this, and all that they import, have the Worker's zod in the place of zod. */
const AS_THE_WORKER = "?as-the-worker";

const hooks = registerHooks({
  resolve(specifier, context, next) {
    if (context.parentURL?.endsWith(AS_THE_WORKER) !== true) return next(specifier, context);
    if (specifier === "zod") return next(`${BUNDLE}zod-used.js`, context);
    const resolved = next(specifier, context);
    const isOurs = /\/(?:src|test)\/.*\.ts$/.test(resolved.url);
    return isOurs ? { ...resolved, url: resolved.url + AS_THE_WORKER } : resolved;
  },
});
/** By a name that the compiler does not follow. */
const asTheWorker = (path: string): Promise<unknown> => import(new URL(path, import.meta.url).href + AS_THE_WORKER);
const { configSchema: workersConfig } = (await asTheWorker("../../src/config/schema.ts")) as typeof Configuration;
const api = (await asTheWorker("../api/support.ts")) as typeof Api;

const used = (await import(`${BUNDLE}zod-used.js`)) as typeof z;
const { words } = (await import(`${BUNDLE}zod-words.js`)) as { words: typeof z.locales.en };

afterAll(() => {
  hooks.deregister();
  // The words are all of zod's, and other tests have it too.
  z.config(z.locales.en());
});

/** What a schema makes of a value, as it is told. */
function madeBy(schema: z.ZodType, value: unknown, wording: typeof z.locales.en): unknown {
  z.config(wording());
  const { success, data, error } = schema.safeParse(value);
  return success ? { data } : problemsOf(error.issues, value).map((problem) => describeProblem(problem));
}

/** The same of a schema and of the Worker's, in this order. */
function madeByBoth(schema: z.ZodType, workers: z.ZodType, value: unknown): readonly unknown[] {
  if (workers instanceof z.ZodType) throw new Error("Expected the Worker's schema to be none of zod's own, it is");
  return [madeBy(schema, value, z.locales.en), madeBy(workers, value, words)];
}

/** What people write where something else belongs. */
const anything = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    0.5,
    1e9,
    "",
    "x",
    "1",
    "eu1",
    "https://a.example",
    "10.0.0.0/8",
    "::1",
    "a".repeat(600),
    [],
    {},
    [1, "a"],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place in a value, by its path. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))];
}

/** A copy with something else in one place; undefined takes away what was there. */
function withAt(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = withAt(copy[key], rest, other);
  if (copy[key] === undefined) delete copy[key];
  return copy;
}

/** The value, then with a field too many, without something or with something else, in up to three places. */
function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const paths = placesIn(value);
  const place = fc.oneof(
    fc.constantFrom(...paths),
    fc.constantFrom(...paths.map((path) => [...path.slice(0, -1), "tooMany"])),
  );
  return fc
    .array(fc.tuple(place, fc.option(anything, { nil: undefined })), { maxLength: 3 })
    .map((changes) =>
      changes.reduce((sum, [path, other]) => withAt(isIn(sum, path) ? sum : value, path, other), value),
    );
}

/** Whether there is something around a place. */
function isIn(value: unknown, path: readonly string[]): boolean {
  return (
    path.slice(0, -1).reduce<unknown>((here, key) => (here as Record<string, unknown> | null)?.[key], value) !==
    undefined
  );
}

describe("what the Worker bundles as zod finds the same wrong as zod, in the same words, and fills in the same", () => {
  const filledIn = configSchema.parse(SAMPLE);

  it.each<[string, (from: typeof z) => z.ZodType, readonly unknown[]]>([
    ["numbers' bounds", (from) => from.number().min(1).max(3), [0, 1, 3, 4, "1"]],
    ["a bound that is outside", (from) => from.number().gt(1), [1, 1.1]],
    ["positive numbers", (from) => from.number().positive(), [0, 0.1]],
    ["whole numbers", (from) => from.number().int(), [1, 1.5, 2 ** 53]],
    ["numbers in text", (from) => from.coerce.number().int(), ["1", "", "x"]],
    ["lengths of text", (from) => from.string().min(1).max(2), ["", "a", "ab", "abc"]],
    ["lengths of lists", (from) => from.int().array().min(1).max(2), [[], [1], [1, 2], [1, 2, 3], ["x"]]],
    ["patterns", (from) => from.string().regex(/^a$/, "an a").startsWith("a"), ["a", "b"]],
    ["rules", (from) => from.string().refine((text) => text === "a", "an a"), ["a", "b"]],
    [
      "rules that say more",
      (from) => from.string().superRefine((_text, context) => context.addIssue({ code: "custom", message: "a b" })),
      ["a"],
    ],
    ["a default, which is not checked", (from) => from.string().min(5).default("a"), [undefined, "b"]],
    ["what is filled in and checked", (from) => from.string().min(5).prefault("a"), [undefined, "b"]],
    [
      "what may be absent or null",
      (from) => from.object({ a: from.int().optional(), b: from.int().nullable() }),
      [{}, { b: null }],
    ],
    [
      "more fields",
      (from) => from.strictObject({ a: from.int() }).extend({ b: from.int() }),
      [{ a: 1, b: 2, c: 3 }, { a: 1 }],
    ],
  ])("in %s", (_what, make, values) => {
    for (const value of values) {
      const [byZod, byWorker] = madeByBoth(make(z), make(used), value);
      expect(byWorker).toEqual(byZod);
    }
  });

  it("in a configuration", () => {
    fc.assert(
      fc.property(fc.oneof(spoiled(SAMPLE), spoiled(filledIn)), (value) => {
        const [byZod, byWorker] = madeByBoth(configSchema, workersConfig, value);
        expect(byWorker).toEqual(byZod);
      }),
      { numRuns: 200 },
    );
  });

  it("in what the control plane is sent", async () => {
    const [routes, workers] = await Promise.all([sampleApp(), api.sampleApp()].map(async (app) => inputsOf(await app)));
    expect([...workers!.keys()]).toEqual([...routes!.keys()]);
    expect(routes!.size).toBeGreaterThan(60);
    for (const [name, { schema, example }] of routes!) {
      const workersSchema = workers!.get(name)!.schema;
      fc.assert(
        fc.property(spoiled(example), (value) => {
          const [byZod, byWorker] = madeByBoth(schema, workersSchema, value);
          expect(byWorker).toEqual(byZod);
        }),
        { numRuns: 40 },
      );
    }
  });
});

interface Input {
  readonly schema: z.ZodType;
  readonly example: unknown;
}

/** What the routes of an app are asked with, by route and place. */
function inputsOf(app: Awaited<ReturnType<typeof sampleApp>>): Map<string, Input> {
  const inputs = new Map<string, Input>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== "route") continue;
    const { method, path, request = {} } = definition.route;
    const { schema, example } = (request.body?.content["application/json"] ?? {}) as Partial<Input>;
    if (schema !== undefined) inputs.set(`${method} ${path}, body`, { schema, example });
    for (const place of ["params", "query", "headers"] as const) {
      const fields = request[place];
      if (!(fields instanceof z.core.$ZodObject)) continue;
      const values = Object.fromEntries(Object.keys(fields._zod.def.shape).map((name) => [name, "1"]));
      inputs.set(`${method} ${path}, ${place}`, { schema: fields, example: values });
    }
  }
  return inputs;
}
