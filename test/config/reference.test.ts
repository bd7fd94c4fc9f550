import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configReference, undescribedFields } from "../../.ci/config-reference.ts";
import { configSchema } from "../../src/config/schema.ts";

const row = (field: z.ZodType) => /^\| `field` \| .*$/m.exec(configReference(z.strictObject({ field })))?.[0];

const leaf = (kind: string) => z.strictObject({ kind: z.literal(kind), x: z.int().meta({ description: "X." }) });

describe("docs/reference/config.md", () => {
  it("is what the schema says (else: npm run docs)", () => {
    expect(readFileSync("docs/reference/config.md", "utf8")).toBe(configReference(configSchema));
  });

  it("describes every field", () => expect(undescribedFields(configSchema)).toEqual([]));
});

describe("the reference of a schema", () => {
  it.each<[string, z.ZodType, string]>([
    [
      "a bounded integer",
      z.int().min(1).max(10).default(3).meta({ description: "Tries." }),
      "| integer, 1 to 10 | `3` | Tries. |",
    ],
    ["a required field", z.number().positive(), "| number, > 0 | **required** |  |"],
    ["an optional field", z.boolean().optional(), "| boolean | none |  |"],
    ["a format in words", z.string().regex(/^a/, "a word in a"), "| a word in a | **required** |  |"],
    ["a prefix", z.string().startsWith("/"), '| text that starts with "/" | **required** |  |'],
    ["an address", z.ipv4(), "| an IPv4 address | **required** |  |"],
    ["a choice", z.enum(["a", "b"]).default("a"), '| `"a"`, `"b"` | `"a"` |  |'],
    ["a union with a bar in it", z.union([z.literal("a|b"), z.int()]), '| `"a\\|b"` or integer | **required** |  |'],
    ["a list", z.array(z.boolean()).min(1).default([true]), "| list of: boolean, not empty | `[true]` |  |"],
    ["a record", z.record(z.string(), z.boolean()).default({}), "| by name: boolean | `{}` |  |"],
  ])("%s", (_, field, expected) => expect(row(field)).toBe(`| \`field\` ${expected}`));

  it("gives every object a section, through records, lists and unions", () => {
    const text = configReference(
      z.strictObject({
        rules: z.record(
          z.string(),
          z.strictObject({ on: z.boolean(), steps: z.array(z.union([leaf("a"), leaf("b")])) }),
        ),
      }),
    );
    expect(text.match(/^## .*$/gm)).toEqual([
      "## Top level",
      "## `rules.<rule>`",
      '## `rules.<rule>.steps[] (kind: "a")`',
      '## `rules.<rule>.steps[] (kind: "b")`',
    ]);
  });

  it("finds fields nobody described, wherever they are", () => {
    const schema = z.strictObject({
      a: z.strictObject({ b: z.int(), c: z.int().meta({ description: "C." }) }).meta({ description: "A." }),
    });
    expect(undescribedFields(schema)).toEqual(["a.b"]);
  });
});
