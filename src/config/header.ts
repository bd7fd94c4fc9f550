/** How a configuration writes HTTP fields: their names, and values that may be secrets. */
import { about } from "#about";
import * as z from "zod";

/** A field name as RFC 9110 section 5.1 defines it (a token). */
export const fieldNameSchema = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "an HTTP field name");

const fieldValueSchema = z.string().regex(/^[^\r\n\0]*$/, "an HTTP field value without CR, LF or NUL");

/** Either the value itself or the name of a Worker secret that holds it. */
export const headerValueSchema = z.union([
  fieldValueSchema,
  z.strictObject({
    secret: z.string().min(1).meta(about("Name of the Worker secret (or variable) whose value is sent.")),
  }),
]);
