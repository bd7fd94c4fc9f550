// The part of zod that the Worker uses, whose schemas have an `openapi` method; zod.js has the same names, and loads this when a
// first schema is made.
import { extendZodWithOpenApi } from "../../node_modules/@asteasolutions/zod-to-openapi/dist/index.mjs";
import { ZodType } from "../../node_modules/zod/index.js";

extendZodWithOpenApi({ ZodType });

export {
  ZodDefault,
  ZodPrefault,
  ZodType,
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
} from "../../node_modules/zod/index.js";
