// What the Worker bundles as "zod" (wrangler.toml, `alias`): the part of it that is used, put off. A schema is made when something
// is first parsed with it, and zod is loaded when the first one is. An isolate's first call of the control plane is answered by
// an isolate that has compiled none of it, and most of its schemas are only read by who asks for the OpenAPI document.
import { deferred, settled } from "./deferred.js";

const zod = () => require("./zod-used.js");

/** A function that makes a schema: `path` is its name in zod. */
const maker =
  (name, space) =>
  (...args) =>
    deferred(() => (space === undefined ? zod() : zod()[space])[name](...settled(args)));

/** A class of schemas, as far as `instanceof` goes. */
const kind = (name) => ({ [Symbol.hasInstance]: (value) => settled(value) instanceof zod()[name] });

const enumeration = maker("enum");
export { enumeration as enum };
export const array = maker("array");
export const boolean = maker("boolean");
export const cidrv4 = maker("cidrv4");
export const cidrv6 = maker("cidrv6");
export const coerce = { number: maker("number", "coerce") };
export const int = maker("int");
export const ipv4 = maker("ipv4");
export const ipv6 = maker("ipv6");
export const iso = { datetime: maker("datetime", "iso") };
export const literal = maker("literal");
export const looseObject = maker("looseObject");
export const number = maker("number");
export const object = maker("object");
export const optional = maker("optional");
export const partialRecord = maker("partialRecord");
export const record = maker("record");
export const strictObject = maker("strictObject");
export const string = maker("string");
export const tuple = maker("tuple");
export const union = maker("union");
export const unknown = maker("unknown");
export const url = maker("url");
export const ZodDefault = kind("ZodDefault");
export const ZodPrefault = kind("ZodPrefault");
export const ZodType = kind("ZodType");

// For @hono/zod-openapi, which would add `openapi` to schemas at once: says that it is there.
export const z = { ZodType: { prototype: { openapi: true } } };
