/** How overrides are told and answered: the same members wherever one is laid, listed or cleared. */
import * as z from "zod";
import { overrideKey, type Override } from "../agreement/override.ts";
import type { ChangeAnswer } from "./change.ts";
import type { System } from "./system.ts";
import { confirmationBody, confirmationExample, confirmationSchema } from "./wait.ts";

/** A year. */
const LONGEST_SECONDS = 31_536_000;

export const reasonSchema = z
  .string()
  .max(500)
  .default("")
  .describe("Why; kept with the change and in the audit trail.");

export const expiresInSchema = z
  .int()
  .min(1)
  .max(LONGEST_SECONDS)
  .optional()
  .describe("After so many seconds it ends by itself. Absent: it stands until it is taken away.");

export const forceSchema = z.boolean().default(false).describe("Do it even if a service is left without origins.");

/** When something laid now ends, ms since the epoch; null: never. */
export function expiresAt(system: System, expiresInSeconds: number | undefined): number | null {
  return expiresInSeconds === undefined ? null : system.now() + expiresInSeconds * 1000;
}

export const overrideSchema = z
  .object({
    key: z.string().describe("What it is about; a later one about the same takes its place."),
    kind: z.enum(["administrative", "weight", "failure", "policy", "maintenance", "registration", "config"]),
    about: z.string().describe("The origin or service."),
    value: z.unknown().describe("What it says: a state, a weight, policies, an answer, an origin."),
    author: z.string().nullable(),
    reason: z.string(),
    since: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable().describe("null: it stands until it is taken away."),
  })
  .openapi("Override");

/** Behind a union, since what has a name and is nullable is described as both at once: nothing is null and an override. */
export const maybeOverrideSchema = z.union([overrideSchema]).nullable();

export const overrideExample: z.infer<typeof overrideSchema> = {
  key: "administrative/euw1",
  kind: "administrative",
  about: "euw1",
  value: "draining",
  author: "token:ops",
  reason: "new kernel",
  since: "2026-11-21T09:30:00.000Z",
  expiresAt: "2026-11-21T10:30:00.000Z",
};

/** null for what only tells isolates to forget something, and stands for nothing. */
export function overrideBody(override: Override): z.infer<typeof overrideSchema> | null {
  if (override.kind === "limit-reset") return null;
  return {
    key: overrideKey(override),
    kind: override.kind,
    ...toldOf(override),
    author: override.by?.author ?? null,
    reason: override.by?.reason ?? "",
    since: override.by === undefined ? null : new Date(override.by.atMs).toISOString(),
    expiresAt: override.expiresAtMs === null ? null : new Date(override.expiresAtMs).toISOString(),
  };
}

function toldOf(override: Exclude<Override, { kind: "limit-reset" }>): { about: string; value: unknown } {
  switch (override.kind) {
    case "administrative":
      return { about: override.origin, value: override.state };
    case "weight":
      return { about: override.origin, value: override.weight };
    case "failure":
      return { about: override.origin, value: "down" };
    case "policy":
      return {
        about: override.service,
        value: { algorithm: override.policy ?? null, within: override.within ?? null },
      };
    case "maintenance":
      return { about: override.service, value: override.maintenance };
    case "registration": {
      const { id, url, weight, labels, version } = override.origin;
      const { service, pool, ttlSeconds } = override;
      return { about: id, value: { service, pool, url, weight, labels, version: version ?? null, ttlSeconds } };
    }
    case "config":
      return { about: "config", value: { base: override.base } };
  }
}

export const changeSchema = confirmationSchema
  .extend({
    revision: z.int().describe("The number of this change; `config/revisions` has it."),
    overrides: z.array(overrideSchema).describe("What was laid; empty when something was taken away."),
  })
  .openapi("Change");

export const changeExample: z.infer<typeof changeSchema> = {
  revision: 17,
  overrides: [overrideExample],
  ...confirmationExample,
};

export function changeBody(answer: ChangeAnswer): z.infer<typeof changeSchema> {
  const overrides = answer.changes.flatMap(({ after }) =>
    after === null ? [] : (overrideBody(after as Override) ?? []),
  );
  return { revision: answer.version, overrides, ...confirmationBody(answer) };
}
