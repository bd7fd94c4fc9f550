/** The one way in which the control plane changes something: made, in force here at once, confirmed, and written down. */
import type { Context } from "hono";
import { redacted, type AuditEntry } from "../agreement/audit-record.ts";
import type { LoggedSection } from "../agreement/protocol.ts";
import type { Confirmation } from "../agreement/registry.ts";
import type { AppendAnswer, LogEntry } from "../agreement/revision.ts";
import { logError } from "../telemetry/log.ts";
import { ApiProblem } from "./problem.ts";
import type { ApiEnv, System } from "./system.ts";

/** What is done, to what and why: for the audit trail. */
export interface Deed {
  /** Resource and verb: `instance.drain`, `cache.purge`. */
  readonly action: string;
  /** What it is done to: `origin/eu1`, `service/shop`. */
  readonly target: string;
  readonly reason?: string | undefined;
}

export interface Change<S extends LoggedSection> extends Deed {
  readonly section: S;
  readonly entries: readonly LogEntry<S>[];
  /** The section's version the change was worked out from; if it has moved on, nothing is changed. */
  readonly expected?: number;
}

export interface ChangeAnswer extends Confirmation {
  /** The section's new version: the revision of overrides, the epoch of purges. */
  readonly version: number;
  /** What was changed, with what was there before; empty for purges. */
  readonly changes: AppendAnswer["changes"];
}

/**
 * Changes a logged section. The ControlPlane stores it, pushes it to every hub and hands it to the audit trail; this
 * isolate has it in force before anything is waited for.
 *
 * @param waitMs how long to wait until everybody who holds a lease has it, ms
 * @throws ApiProblem `superseded` (412) when `expected` is not what stands any more, `unavailable` (503) when the
 *   ControlPlane cannot be reached
 */
export async function makeChange<S extends LoggedSection>(
  c: Context<ApiEnv>,
  system: System,
  change: Change<S>,
  waitMs: number,
): Promise<ChangeAnswer> {
  const { section, expected } = change;
  const note = { ...noteOf(c, change), base: system.digest };
  // Begun here if nobody has asked this isolate anything yet, so that there is a view that takes the change in.
  system.viewFor(c.req.raw);
  const options = { have: system.have(), ...(expected === undefined ? {} : { expected }) };
  const made = await reached(system.control.append(section, change.entries, note, options));
  system.takeIn(made.delta);
  if (!made.accepted) {
    throw new ApiProblem("superseded", `Expected revision ${expected} to be the newest, but it is ${made.version}.`, {
      members: { revision: made.version },
    });
  }
  const confirmation = await reached(system.control.confirm(section, made.version, waitMs));
  return { version: made.version, changes: made.changes, ...confirmation };
}

/**
 * Does what no logged section is about (a breaker opened by hand, a counter reset), and writes it down. Before it is
 * done, so that what cannot be written down is not done; if it then fails, that is written down too.
 *
 * @param before what it was, as far as known; secrets in it are not stored
 * @param act    does it; what it returns is stored as what it became
 * @throws ApiProblem `unavailable` (503) when the audit trail cannot be reached, and whatever `act` throws
 */
export async function audited<Result>(
  c: Context<ApiEnv>,
  system: System,
  deed: Deed,
  before: unknown,
  act: () => Promise<Result>,
  after: unknown = null,
): Promise<Result> {
  const entry = { ...entryOf(c, system, deed), before: redacted(before), after: redacted(after) };
  const key = crypto.randomUUID();
  await reached(system.audit.append([{ key, entry }]));
  try {
    return await act();
  } catch (error) {
    const failed = { ...entry, after: null, outcome: "failed" as const };
    await system.audit.append([{ key: `${key}/failed`, entry: failed }]).catch((lost: unknown) => {
      logError("a failed change could not be written down", lost);
    });
    throw error;
  }
}

/** @throws ApiProblem `unavailable` when an object cannot be reached; nothing is told of why */
export async function reached<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    logError("control plane could not reach its objects", error);
    throw new ApiProblem("unavailable", "The deployment's memory could not be reached; try again.", {
      headers: { "Retry-After": "1" },
    });
  }
}

function noteOf(c: Context<ApiEnv>, { action, target, reason }: Deed) {
  return { actor: c.var.principal.name, action, target, reason: reason ?? "", requestId: c.var.requestId };
}

function entryOf(c: Context<ApiEnv>, system: System, deed: Deed): Omit<AuditEntry, "before" | "after"> {
  return { ...noteOf(c, deed), atMs: system.now(), outcome: "done" };
}
