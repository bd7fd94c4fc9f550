/** `If-Match`: a change is made only if what its author went by is still the newest revision (RFC 9110 section 13.1.1). */
import type { Context } from "hono";
import * as z from "zod";
import type { ApiEnv } from "./system.ts";

/** Cloudflare makes an `ETag` weak where it compresses the answer; the number says all the same what was read. */
const TAG = /(?:(?:W\/)?"\d{1,15}"|\d{1,15})/.source;
const FIELD = new RegExp(`^(?:\\*|${TAG}(?: *, *${TAG})*)$`);

const revision = z.string().regex(FIELD, 'a revision as an `ETag` gives it: "17"');
const MEANING = "The revision that was read; if it is not the newest, nothing is changed (412).";

/** For changes that may be made blindly. */
export const ifMatchHeader = z.object({ "if-match": revision.optional().describe(MEANING) });

/** For changes that replace all there is. */
export const requiredIfMatchHeader = z.object({ "if-match": revision.describe(MEANING) });

/** The revisions any of which the caller went by; null: it goes by none. */
export function revisionsNamed(c: Context<ApiEnv>): readonly number[] | null {
  const field = c.req.header("If-Match");
  if (field === undefined || field === "*") return null;
  return (field.match(/\d+/g) ?? []).map(Number);
}
