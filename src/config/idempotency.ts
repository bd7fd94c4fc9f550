/** What a service may say about `Idempotency-Key`. */
import { about } from "#about";
import * as z from "zod";

export const idempotencySchema = z
  .strictObject({
    ttlSeconds: z
      .int()
      .min(1)
      .max(604_800)
      .default(86_400)
      .meta(about("How long a first answer is given to those who repeat the request, in seconds.")),
    maxAnswerBytes: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(262_144)
      .meta(about("Longest answer kept; the repeat of a request with a longer one is refused with 409.")),
  })
  .meta(about("A repeated POST or PATCH with the same `Idempotency-Key` gets the first answer."));
