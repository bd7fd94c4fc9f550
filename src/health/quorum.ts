/** From regional verdicts to a global one, and to what a region is told. */
import type { MonitorConfig } from "../config/monitor.ts";
import type { Region } from "../config/region.ts";
import type { Verdict } from "./thresholds.ts";

export type Votes = ReadonlyMap<Region, Verdict>;

/**
 * Down when over half of the regions that know something say so, up when any knows better, unknown when none does. A
 * region knows something when it has probed the origin, or when traffic measures it.
 */
export function globalVerdict(votes: Votes): Verdict {
  let up = 0;
  let down = 0;
  for (const verdict of votes.values()) {
    if (verdict === "up") up++;
    if (verdict === "down") down++;
  }
  if (up + down === 0) return "unknown";
  return down > up ? "down" : "up";
}

/**
 * The verdict that rules in a region: down if the world or the region says so, up if one of them does. What only the
 * world knows holds for a region that knows nothing.
 */
export function verdictIn(own: Verdict, global: Verdict): Verdict {
  if (own === "down" || global === "down") return "down";
  return own === "up" || global === "up" ? "up" : "unknown";
}

/**
 * Whether an origin counts as healthy. One nobody has looked at yet does if it came with the deployment, for the first
 * `graceSeconds` of one added at runtime, and where nobody ever looks.
 *
 * @param registeredAtMs when it was added at runtime, ms since the epoch; null: it came with the deployment
 */
export function isHealthy(
  verdict: Verdict,
  registeredAtMs: number | null,
  { mode, graceSeconds }: Pick<MonitorConfig, "mode" | "graceSeconds">,
  nowMs: number,
): boolean {
  if (verdict !== "unknown") return verdict === "up";
  return registeredAtMs === null || mode === "passive" || nowMs < registeredAtMs + graceSeconds * 1000;
}
