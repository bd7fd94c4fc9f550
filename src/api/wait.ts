/** How a change is answered: once every isolate that holds a lease has it, or after `waitMs` with how far it has got. */
import * as z from "zod";
import type { Confirmation } from "../agreement/registry.ts";

/** Longer than a lease: by default a change is answered as a fact even where an isolate has gone silent, ms. */
const DEFAULT_WAIT_MS = 8_000;

/** Beyond this a hub that went away is forgotten anyway, ms. */
const LONGEST_WAIT_MS = 40_000;

const MEANING =
  "How long to wait until every isolate that holds a lease has the change, ms; 0: not at all. The change is made either way.";

/** The query of every route that changes something agreed on. */
export const waitQuery = z.object({
  waitMs: z.coerce.number().int().min(0).max(LONGEST_WAIT_MS).default(DEFAULT_WAIT_MS).describe(MEANING),
});

/** The same as a member of the body, for routes that take one. */
export const waitMember = {
  waitMs: z.int().min(0).max(LONGEST_WAIT_MS).optional().describe(`${MEANING} Stands over the query's.`),
};

/** How long a call wants to wait, ms: what its body says, else its query. */
export function waitOf(query: z.output<typeof waitQuery>, body: { readonly waitMs?: number | undefined }): number {
  return body.waitMs ?? query.waitMs;
}

export const confirmationSchema = z
  .object({
    complete: z
      .boolean()
      .describe("True: no request received from now on, anywhere, is decided without the change (under a lease)."),
    effectiveWithinMs: z
      .number()
      .describe("0 when complete; else after this time it holds even where nobody answers, ms."),
    hubs: z
      .object({ confirmed: z.int(), total: z.int() })
      .describe("Hubs whose isolates all have it, of those that may have isolates."),
  })
  .openapi("Confirmation");

export const confirmationExample = { complete: true, effectiveWithinMs: 0, hubs: { confirmed: 4, total: 4 } };

/** As JSON: a hub that never answered is a finite time away, because its leases end. */
export function confirmationBody({
  complete,
  effectiveWithinMs,
  hubs,
}: Confirmation): z.infer<typeof confirmationSchema> {
  return { complete, effectiveWithinMs: Math.ceil(effectiveWithinMs), hubs };
}
