/** Notices that weights have changed since a structure was built from them. */
import type { Member } from "./policy.ts";

/**
 * Whether any weight differs from what was seen, and remembers what is seen now.
 *
 * @param seen one weight a member; NaN before the first time
 */
export function weightsChanged(members: readonly Member[], seen: Float64Array): boolean {
  let changed = false;
  for (let index = 0; index < members.length; index++) {
    const weight = members[index]!.weight;
    if (weight === seen[index]) continue;
    seen[index] = weight;
    changed = true;
  }
  return changed;
}
