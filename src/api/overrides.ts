/** Overrides as the control plane changes them: worked out from what stands, and made only if it still stands. */
import type { Context } from "hono";
import { layOver, servicesWithoutOrigins, type Overlay, type Overrides } from "../agreement/overlay.ts";
import { rebalanced, settled, type UnsignedEntry } from "../agreement/topology-change.ts";
import type { LogEntry } from "../agreement/revision.ts";
import { makeChange, reached, type ChangeAnswer, type Deed } from "./change.ts";
import { revisionsNamed } from "./if-match.ts";
import { ApiProblem } from "./problem.ts";
import type { ApiEnv, System } from "./system.ts";

/**
 * How often a change is worked out again because others changed something meanwhile. Of those that race one always gets
 * through, so fifty at once (a fleet that registers itself) all do.
 */
const ATTEMPTS = 50;

/** Who lost a race waits for up to so long, at random, more from one time to the next, ms. */
const STAND_BACK_MS = 10;
const STAND_BACK_CAP_MS = 200;

/** The overrides that stand, and what they make of the deployed configuration. */
export interface StandingOverrides {
  readonly revision: number;
  readonly overrides: Overrides;
  readonly overlay: Overlay;
}

export interface Amendment extends Deed {
  readonly entries: readonly UnsignedEntry[];
  /** True: the entries say themselves how they take effect, whatever their services' `rebalance`. */
  readonly isRebalanced?: boolean;
  /** True: also if it leaves a service without origins. */
  readonly force?: boolean | undefined;
}

export async function standingOverrides(system: System): Promise<StandingOverrides> {
  const { version, entries } = await reached(system.control.standing("overrides"));
  return { revision: version, overrides: entries, overlay: overlayOf(system, entries) };
}

function overlayOf(system: System, overrides: Overrides): Overlay {
  return layOver(system.config, system.digest, overrides, system.now());
}

/**
 * Changes overrides.
 *
 * @param propose what to change, worked out from what stands; asked again when that has changed meanwhile
 * @throws ApiProblem `needs-force` (409) when a service would lose its last origin, `superseded` (412) when `If-Match`
 *   names another revision than the one that stands
 */
export async function amend(
  c: Context<ApiEnv>,
  system: System,
  waitMs: number,
  propose: (standing: StandingOverrides) => Amendment,
): Promise<ChangeAnswer> {
  const wentBy = revisionsNamed(c);
  for (let attempt = 1; ; attempt++) {
    const standing = await standingOverrides(system);
    if (wentBy !== null && !wentBy.includes(standing.revision)) throw changedMeanwhile(wentBy, standing.revision);
    const { entries: proposed, force, isRebalanced, ...deed } = propose(standing);
    const changing = proposed.filter(({ key, value }) => value !== null || standing.overrides.has(key));
    const taking = isRebalanced === true ? changing : rebalanced(changing, standing, system.now());
    const entries = attributed(c, system, deed, taking, standing.overrides);
    if (entries.length === 0) {
      const confirmation = await reached(system.control.confirm("overrides", standing.revision, waitMs));
      return { version: standing.revision, changes: [], ...confirmation };
    }
    if (force !== true) refuseToEmpty(system, standing, entries);
    try {
      return await makeChange(
        c,
        system,
        { ...deed, section: "overrides", entries, expected: standing.revision },
        waitMs,
      );
    } catch (error) {
      const isRaced = error instanceof ApiProblem && error.kind === "superseded" && wentBy === null;
      if (!isRaced || attempt === ATTEMPTS) throw error;
      const mostMs = Math.min(STAND_BACK_CAP_MS, STAND_BACK_MS * attempt);
      await new Promise((resolve) => setTimeout(resolve, mostMs * Math.random()));
    }
  }
}

/** @throws ApiProblem when services would have no origin left, once all has taken effect, that have one now */
function refuseToEmpty(
  system: System,
  { overrides, overlay }: StandingOverrides,
  entries: readonly LogEntry<"overrides">[],
): void {
  const after = new Map(overrides);
  for (const { key, value } of entries) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  const before = new Set(servicesWithoutOrigins(overlay));
  const emptied = servicesWithoutOrigins(overlayOf(system, settled(after))).filter((name) => !before.has(name));
  if (emptied.length === 0) return;
  throw new ApiProblem(
    "needs-force",
    `${emptied.map((name) => `\`${name}\``).join(", ")} would have no origin left; say \`force\` if that is meant.`,
    { members: { services: emptied } },
  );
}

function attributed(
  c: Context<ApiEnv>,
  system: System,
  { reason }: Deed,
  entries: Amendment["entries"],
  standing: Overrides,
): LogEntry<"overrides">[] {
  const by = { author: c.var.principal.name, reason: reason ?? "", atMs: system.now() };
  return entries.map(({ key, value }) => {
    if (value === null) return { key, value };
    const before = standing.get(key);
    // A registration that is changed is no new origin: nobody has to get to know it anew.
    const isSame =
      value.kind === "registration" && before?.kind === "registration" && before.origin.url === value.origin.url;
    return { key, value: { ...value, by: isSame ? { ...by, atMs: before.by?.atMs ?? by.atMs } : by } };
  });
}

function changedMeanwhile(wentBy: readonly number[], revision: number): ApiProblem {
  const expected = wentBy.join(" or ");
  return new ApiProblem("superseded", `Expected revision ${expected} to be the newest, but it is ${revision}.`, {
    members: { revision },
  });
}
