import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod";

const ROOT = new URL("../../", import.meta.url).pathname;
const BUNDLE = `${ROOT}.ci/bundle/`;

interface Deferring {
  readonly deferred: <Schema extends z.ZodType>(make: () => Schema) => Schema;
  readonly settled: <Value>(value: Value) => Value;
}
// By a name that the compiler does not follow: what is bundled is JavaScript without types.
const { deferred, settled } = (await import(`${BUNDLE}deferred.js`)) as Deferring;

/** Names that a module exports, `export { a as b }` among them. */
function exportsOf(file: string): Set<string> {
  const text = readFileSync(BUNDLE + file, "utf8");
  const declared = [...text.matchAll(/^export (?:const|function|class) (\w+)/gm)].map((match) => match[1]!);
  const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap((match) =>
    match[1]!
      .split(",")
      .map((each) => each.trim().replace(/^.* as /, ""))
      .filter((each) => each !== ""),
  );
  return new Set([...declared, ...listed]);
}

/** Names of zod's that the Worker's source uses as values: functions, and classes after `instanceof`. */
function namesUsed(): Set<string> {
  const files = ["src", "durable-objects"].flatMap((room) =>
    readdirSync(ROOT + room, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(ROOT, room, name)),
  );
  const names = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/instanceof z\.(\w+)|\bz\s*\.(\w+)(?=[.(])/g)].map(
      (match) => match[1] ?? match[2]!,
    ),
  );
  return new Set(names.filter((name) => name !== "core"));
}

describe("what the Worker bundles as zod", () => {
  it("has every name that the Worker uses, and no other", () => {
    expect(namesUsed()).toEqual(exportsOf("zod-used.js"));
    const { z: _forHono, ...names } = Object.fromEntries([...exportsOf("zod.js")].map((name) => [name, true]));
    expect(new Set(Object.keys(names))).toEqual(exportsOf("zod-used.js"));
  });
});

describe("the words of zod's that the Worker has", () => {
  it.each([
    ["a union", z.union([z.int(), z.boolean()]), "x"],
    ["a pattern without words of its own", z.string().regex(/^a$/), "x"],
    ["a prefix", z.string().startsWith("ab"), "x"],
    ["a rule", z.string().refine(() => false), "x"],
  ])("are zod's where the Worker repeats them: %s", async (_what, schema, value) => {
    const { words } = (await import(`${BUNDLE}zod-words.js`)) as { words: typeof z.locales.en };
    const [issue] = schema.safeParse(value).error!.issues;
    expect(issue!.message).toMatch(/^Invalid/);
    expect(words().localeError(issue as z.core.$ZodRawIssue)).toBe(issue!.message);
  });
});

describe("a deferred schema", () => {
  it("is made by the first that is parsed, once, and not by what is made of it", () => {
    const make = vi.fn<() => z.ZodString>(() => z.string());
    const schema = deferred(make);
    const longer = schema.min(2).optional().describe("two letters");
    expect(make).not.toHaveBeenCalled();
    expect(longer.safeParse("a").success).toBe(false);
    expect(longer.parse("ab")).toBe("ab");
    expect(longer.parse(undefined)).toBeUndefined();
    expect(schema.parse("a")).toBe("a");
    expect(make).toHaveBeenCalledOnce();
  });

  it("says what the schema says, of itself and of its fields", () => {
    const schema = deferred(() => z.object({ a: z.int().describe("a number"), b: z.string().default("x") }));
    const a = schema.shape.a;
    expect(Object.keys(schema.shape)).toEqual(["a", "b"]);
    expect(a.parse(1)).toBe(1);
    expect(a.meta()).toEqual({ description: "a number" });
    expect(schema.extend({ c: a.optional() }).parse({ a: 1 })).toEqual({ a: 1, b: "x" });
    expect({ ...schema.shape }.b.parse(undefined)).toBe("x");
    expect(schema.meta(undefined!)).toBe(schema);
    expect("_zod" in schema).toBe(true);
  });

  it("is put in its place where a library looks at it, however deep", () => {
    const plain = z.number();
    const stand = deferred(() => plain);
    const date = new Date(0);
    expect(stand).not.toBe(plain);
    const { list, text, when } = settled({ list: [{ stand }], text: "a", when: date });
    expect(list[0]!.stand).toBe(plain);
    expect([text, when]).toEqual(["a", date]);
    expect(when).toBe(date);
    expect(settled(null)).toBeNull();
  });
});
