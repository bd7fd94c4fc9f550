/** Writes the reference of fairlead.config.ts from its zod schema: one section an object, one row a field. */
import { z } from "zod";

/** What zod's JSON Schema of a configuration is made of. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** What a string has to be, in the words of the schema's own error. */
  readonly expected?: string;
}

/** What zod keeps of a string check: `startsWith` has a prefix, `regex` a pattern and perhaps its own message. */
interface StringFormat {
  readonly check: string;
  readonly prefix?: string;
  readonly pattern?: RegExp;
  readonly error?: ((issue: never) => unknown) | undefined;
}

const FORMATS: Readonly<Record<string, string>> = {
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "an IPv4 CIDR",
  cidrv6: "an IPv6 CIDR",
  uri: "a URL",
  "date-time": "an ISO 8601 time",
};

interface Section {
  readonly path: string;
  readonly schema: JsonSchema;
}

const PREAMBLE = `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run docs\`. Edit the schema, not this page. -->

\`fairlead.config.ts\` at the root of the project is the one file to edit. It exports what \`defineConfig\` returns; everything
below is typed, so an editor completes and checks it while you write. The least that works:

\`\`\`ts
import { defineConfig } from "./src/config/define.ts";

export default defineConfig({
  services: {
    web: {
      hosts: ["www.example.com"],
      pools: {
        eu: { region: "weur", origins: [{ id: "eu1", url: "https://eu.origin.example.com" }] },
        us: { region: "enam", origins: [{ id: "us1", url: "https://us.origin.example.com" }] },
      },
    },
  },
});
\`\`\`

\`npm run check:config\` names every wrong field, what was expected and what came, also for rules between fields (an id used
twice, a name that nothing has). The same check stands before \`wrangler deploy\` and \`wrangler dev\`.

In the paths below \`<pool>\` is a name you choose and \`[]\` an element of a list.
`;

/** The whole page, ending in a newline. */
export function configReference(schema: z.ZodType): string {
  const sections = sectionsOf("", toJsonSchema(schema));
  const contents = sections.map(
    ({ path, schema }) => `- [${titleOf(path)}](#${anchorOf(titleOf(path))})${dash(schema)}`,
  );
  return `${[PREAMBLE.trim(), contents.join("\n"), ...sections.map(formatSection)].join("\n\n")}\n`;
}

/** Dotted paths of the fields without a description. */
export function undescribedFields(schema: z.ZodType): string[] {
  return sectionsOf("", toJsonSchema(schema)).flatMap((section) =>
    Object.entries(section.schema.properties ?? {})
      .filter(([, field]) => field.description === undefined && field.const === undefined)
      .map(([name]) => join(section.path, name)),
  );
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const json: unknown = z.toJSONSchema(schema, {
    io: "input",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      const expected = expectedText(zodSchema);
      if (expected !== null) jsonSchema["expected"] = expected;
    },
  });
  return json as JsonSchema;
}

/** A string's format in the words of the message its check was given, or null. */
function expectedText(schema: z.core.$ZodType): string | null {
  for (const { _zod } of schema._zod.def.checks ?? []) {
    const def: StringFormat = _zod.def;
    if (def.prefix !== undefined) return `text that starts with ${JSON.stringify(def.prefix)}`;
    const message = def.pattern === undefined ? undefined : def.error?.({ input: "" } as never);
    if (typeof message === "string") return message;
  }
  return null;
}

function sectionsOf(path: string, schema: JsonSchema): Section[] {
  const fields = Object.entries(schema.properties ?? {});
  return [{ path, schema }, ...fields.flatMap(([name, field]) => nestedSections(join(path, name), name, field))];
}

/** The sections of the objects inside a field, however deep in lists and records they sit. */
function nestedSections(path: string, name: string, schema: JsonSchema): Section[] {
  if (isSectioned(schema)) return sectionsOf(path, schema);
  if (typeof schema.items === "object") return nestedSections(`${path}[]`, name, described(schema.items, schema));
  if (typeof schema.additionalProperties === "object")
    return nestedSections(`${path}.<${singular(name)}>`, name, schema.additionalProperties);
  return branchesOf(schema).flatMap((branch) => {
    const tag = discriminator(branch);
    return nestedSections(tag === null ? path : `${path} (${tag})`, name, branch);
  });
}

/** Untagged objects of one plain field are said in their parent's row; larger ones have a section. */
function isSectioned(schema: JsonSchema): boolean {
  return schema.properties !== undefined && !isInline(schema);
}

function isInline(schema: JsonSchema): boolean {
  const fields = Object.values(schema.properties ?? {});
  return (
    schema.properties !== undefined &&
    schema.default === undefined &&
    discriminator(schema) === null &&
    fields.length <= 1 &&
    fields.every((field) => field.properties === undefined)
  );
}

/** `policy: "canary"` for a branch of a union that a constant field tells apart. */
function discriminator(schema: JsonSchema): string | null {
  const constant = Object.entries(schema.properties ?? {}).find(([, field]) => field.const !== undefined);
  return constant === undefined ? null : `${constant[0]}: ${JSON.stringify(constant[1].const)}`;
}

function formatSection({ path, schema }: Section): string {
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, field]) =>
      `| \`${name}\` | ${escape(typeOf(field))} | ${escape(defaultOf(field, required.has(name)))} | ${escape(field.description ?? "")} |`,
  );
  return [
    `## ${titleOf(path)}`,
    ...(schema.description === undefined ? [] : [schema.description]),
    ["| Field | Type | Default | What it means |", "| --- | --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

function defaultOf(field: JsonSchema, required: boolean): string {
  if (field.const !== undefined) return "";
  if (field.default !== undefined) return isSectioned(field) ? "see its fields" : code(field.default);
  return required ? "**required**" : "none";
}

/**
 * A field's type in words: `integer, 1 to 10`, `list of "enam" | "wnam"`.
 *
 * @throws Error for a kind of schema this page has no words for
 */
function typeOf(schema: JsonSchema): string {
  const branches = branchesOf(schema);
  if (branches.length > 0) return [...new Set(branches.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => code(value)).join(", ");
  switch (schema.type) {
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return `${schema.type}${numberBounds(schema)}`;
    case "string":
      return (
        schema.expected ?? formatOf(schema) ?? `text${countBounds(schema.minLength, schema.maxLength, "characters")}`
      );
    case "array":
      return arrayType(schema);
    case "object":
      return objectType(schema);
    case undefined:
      return "anything";
    default:
      throw new Error(`Expected a type this reference can describe, got "${schema.type}"`);
  }
}

function formatOf(schema: JsonSchema): string | null {
  return schema.format === undefined ? null : (FORMATS[schema.format] ?? schema.format);
}

function arrayType(schema: JsonSchema): string {
  if (schema.prefixItems !== undefined)
    return `[${schema.prefixItems.map((item) => `${typeOf(item)}${item.description === undefined ? "" : ` (${item.description.replace(/\.$/, "")})`}`).join("; ")}]`;
  const items = typeof schema.items === "object" ? typeOf(schema.items) : "anything";
  return `list of: ${items}${countBounds(schema.minItems, schema.maxItems, "elements")}`;
}

function objectType(schema: JsonSchema): string {
  if (isInline(schema))
    return `{ ${Object.entries(schema.properties ?? {})
      .map(
        ([name, field]) =>
          `${name}: ${typeOf(field)}${field.description === undefined ? "" : ` (${field.description.replace(/\.$/, "")})`}`,
      )
      .join("; ")} }`;
  if (schema.properties !== undefined) {
    const tag = discriminator(schema);
    return tag === null ? "object" : `object with \`${tag}\``;
  }
  return typeof schema.additionalProperties === "object" ? `by name: ${typeOf(schema.additionalProperties)}` : "object";
}

function numberBounds(schema: JsonSchema): string {
  const low = schema.minimum === undefined || schema.minimum === Number.MIN_SAFE_INTEGER ? null : schema.minimum;
  const high = schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER ? null : schema.maximum;
  const parts = [
    ...(low !== null && high !== null ? [`${low} to ${high}`] : []),
    ...(low !== null && high === null ? [`>= ${low}`] : []),
    ...(low === null && high !== null ? [`<= ${high}`] : []),
    ...(schema.exclusiveMinimum === undefined ? [] : [`> ${schema.exclusiveMinimum}`]),
    ...(schema.exclusiveMaximum === undefined ? [] : [`< ${schema.exclusiveMaximum}`]),
  ];
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

function countBounds(min: number | undefined, max: number | undefined, noun: string): string {
  if (max !== undefined) return `, ${min ?? 0} to ${max} ${noun}`;
  if (min === undefined || min === 0) return "";
  return min === 1 ? ", not empty" : `, at least ${min} ${noun}`;
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [];
}

/** An element without words of its own is described by its list. */
function described(schema: JsonSchema, by: JsonSchema): JsonSchema {
  return schema.description === undefined && by.description !== undefined
    ? { ...schema, description: by.description }
    : schema;
}

function titleOf(path: string): string {
  return path === "" ? "Top level" : `\`${path}\``;
}

/** The fragment GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}

function dash(schema: JsonSchema): string {
  return schema.description === undefined ? "" : `: ${schema.description}`;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function singular(name: string): string {
  return name.endsWith("s") ? name.slice(0, -1) : "name";
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
