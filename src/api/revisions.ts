/** Earlier revisions of the overrides, as the control plane's routes read them. */
import { undo } from "../agreement/history.ts";
import type { Overrides } from "../agreement/overlay.ts";
import type { Revision } from "../agreement/revision.ts";
import { reached } from "./change.ts";
import { ApiProblem } from "./problem.ts";
import type { System } from "./system.ts";

const AT_ONCE = 500;

/** @returns up to `limit` revisions below `before`, the newest first */
export async function revisionsBelow(system: System, limit: number, before?: number): Promise<Revision[]> {
  const revisions: Revision[] = [];
  let below = before;
  while (revisions.length < limit) {
    // An answer may hold fewer than asked for: long ones come in several.
    const page = await reached(system.control.changes("overrides", Math.min(AT_ONCE, limit - revisions.length), below));
    if (page.length === 0) break;
    revisions.push(...page);
    below = page.at(-1)!.version;
  }
  return revisions;
}

/**
 * What stood at a revision.
 *
 * @param head what stands now, and its revision
 * @throws ApiProblem `not-found` for one that is not there yet, or not kept any more
 */
export async function overridesAt(
  system: System,
  head: { readonly revision: number; readonly overrides: Overrides },
  revision: number,
): Promise<Overrides> {
  if (revision === head.revision) return head.overrides;
  if (revision > head.revision) throw new ApiProblem("not-found", `There is no revision ${revision} yet.`);
  const later = await revisionsBelow(system, head.revision - revision, head.revision + 1);
  const isWhole = later.length === head.revision - revision && later.at(-1)?.version === revision + 1;
  if (!isWhole) throw new ApiProblem("not-found", `Revision ${revision} is not kept any more.`);
  return undo(head.overrides, later);
}
