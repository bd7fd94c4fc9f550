/** How a configuration writes HTTP fields: their names, and values that may be secrets. */
import { about } from "#about";
import * as z from "zod";

/** A field name as RFC 9110 section 5.1 defines it (a token). */
export const fieldNameSchema = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "an HTTP field name");

/** One that setting has an effect on: the others are written by the runtime for each connection, whatever a `Headers` says. */
export const settableNameSchema = fieldNameSchema.regex(
  /^(?!(?:connection|content-length|host|keep-alive|te|trailer|transfer-encoding|upgrade)$)/i,
  "a field that the runtime does not write itself (for `Host` an origin has `hostHeader`)",
);

export const fieldValueSchema = z.string().regex(/^[^\r\n\0]*$/, "an HTTP field value without CR, LF or NUL");

/** Either the value itself or the name of a Worker secret that holds it. */
export const headerValueSchema = z.union(
  [
    fieldValueSchema,
    z.strictObject({
      secret: z.string().min(1).meta(about("Name of the Worker secret (or variable) whose value is sent.")),
    }),
  ],
  { error: 'an HTTP field value without CR, LF or NUL, or { secret: "NAME" }' },
);
