// The part of zod that the Worker uses; zod.js has the same names, and loads this when a first schema is made. It is zod/mini, whose
// schemas check the same and find the same wrong, with the methods of zod's that are used: all of zod's are 10 KB more, gzipped.
import { extendZodWithOpenApi } from "../../node_modules/@asteasolutions/zod-to-openapi/dist/index.mjs";
import * as z from "../../node_modules/zod/mini/index.js";
import { words } from "./zod-words.js";

z.config(words());

/** What zod's schemas can be asked for; zod/mini's can be asked for little more than to parse. */
class Methods {
  array() {
    return z.array(this);
  }
  default(value) {
    return z._default(this, value);
  }
  describe(description) {
    return this.meta({ description });
  }
  extend(shape) {
    return z.extend(this, shape);
  }
  gt(value, params) {
    return this.check(z.gt(value, params));
  }
  int(params) {
    return this.check(z.int(params));
  }
  max(limit, params) {
    return this.check((this.type === "number" ? z.lte : z.maxLength)(limit, params));
  }
  meta(...args) {
    if (args.length === 0) return z.globalRegistry.get(this);
    const told = this.clone();
    z.globalRegistry.add(told, args[0]);
    return told;
  }
  min(limit, params) {
    return this.check((this.type === "number" ? z.gte : z.minLength)(limit, params));
  }
  nullable() {
    return z.nullable(this);
  }
  optional() {
    return z.optional(this);
  }
  positive(params) {
    return this.check(z.positive(params));
  }
  prefault(value) {
    return z.prefault(this, value);
  }
  refine(check, params) {
    return this.check(z.refine(check, params));
  }
  regex(pattern, params) {
    return this.check(z.regex(pattern, params));
  }
  startsWith(prefix, params) {
    return this.check(z.startsWith(prefix, params));
  }
  superRefine(check, params) {
    return this.check(z.superRefine(check, params));
  }
  unwrap() {
    return this.def.innerType;
  }
  get _def() {
    return this.def;
  }
  // The rest is what the OpenAPI document is made of.
  get keyType() {
    return this.def.keyType;
  }
  get valueType() {
    return this.def.valueType;
  }
  get format() {
    return bound(this, "format");
  }
  get minLength() {
    return bound(this, "minimum");
  }
  get maxLength() {
    return bound(this, "maximum");
  }
}

/** What a schema or the first of its checks says that says it. */
function bound({ def }, name) {
  return [def, ...(def.checks ?? []).map((check) => check._zod.def)].find((each) => name in each)?.[name] ?? null;
}

extendZodWithOpenApi({ ZodType: Methods });

for (const kind of [
  z.ZodMiniArray,
  z.ZodMiniBoolean,
  z.ZodMiniCIDRv4,
  z.ZodMiniCIDRv6,
  z.ZodMiniDefault,
  z.ZodMiniEnum,
  z.ZodMiniIPv4,
  z.ZodMiniIPv6,
  z.ZodMiniISODateTime,
  z.ZodMiniLiteral,
  z.ZodMiniNullable,
  z.ZodMiniNumber,
  z.ZodMiniNumberFormat,
  z.ZodMiniObject,
  z.ZodMiniOptional,
  z.ZodMiniPrefault,
  z.ZodMiniRecord,
  z.ZodMiniString,
  z.ZodMiniTuple,
  z.ZodMiniUnion,
  z.ZodMiniUnknown,
  z.ZodMiniURL,
])
  Object.setPrototypeOf(kind.prototype, Methods.prototype);

export {
  ZodMiniDefault as ZodDefault,
  ZodMiniPrefault as ZodPrefault,
  ZodMiniType as ZodType,
  array,
  boolean,
  cidrv4,
  cidrv6,
  coerce,
  enum,
  int,
  ipv4,
  ipv6,
  iso,
  literal,
  looseObject,
  number,
  object,
  optional,
  partialRecord,
  record,
  strictObject,
  string,
  tuple,
  union,
  unknown,
  url,
} from "../../node_modules/zod/mini/index.js";
