/** Whether a stored response has been purged: its epoch against the purges in force, no clock involved. */
import type { PurgeIndex, PurgeMeta } from "./purge-index.ts";

/**
 * `fresh`: not purged. `soft`: stale from now on, but good while the origin is asked and when it fails. `hard`: gone;
 * neither served nor validated.
 */
export type PurgeVerdict = "fresh" | "soft" | "hard";

/**
 * Judges a stored response by the purges known now. Call it after the last `await` before the response is used.
 *
 * @param index     that of the service the response was stored for
 * @param clearedAt the epoch at which it was found fresh before: what was purged up to then was something else
 */
export function purgeVerdict(meta: PurgeMeta, index: PurgeIndex, clearedAt = meta.epoch): PurgeVerdict {
  if (clearedAt >= index.head) return "fresh";
  if (index.isPurged(meta, clearedAt, "hard")) return "hard";
  return index.isPurged(meta, clearedAt, "soft") ? "soft" : "fresh";
}
