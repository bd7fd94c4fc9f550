/** What a service may say about its backups: who stands in when none of its primaries is available. */
import { about } from "#about";
import * as z from "zod";
import { idSchema } from "./id.ts";

export const failoverSchema = z.strictObject({
  backups: z
    .array(idSchema)
    .max(100)
    .default([])
    .meta(
      about(
        "Pools and origins of this service, in order, that take traffic only while no other is available. A pool's name stands for all of its origins.",
      ),
    ),
  maxAttempts: z
    .int()
    .min(1)
    .max(10)
    .default(2)
    .meta(about("At most this many backups are tried for one request, within the attempts of `retry`.")),
});

export type FailoverConfig = z.output<typeof failoverSchema>;
