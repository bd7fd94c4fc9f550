/** From probes to one region's verdict: a run of bad ones calls an origin down, a run of good ones up again. */
import type { MonitorConfig } from "../config/monitor.ts";

/** `unknown`: nothing has been said yet. */
export type Verdict = "unknown" | "up" | "down";

export interface RegionalHealth {
  readonly verdict: Verdict;
  /** Probes in a row that contradict the verdict; the sign says how: > 0 good ones, < 0 bad ones. */
  readonly run: number;
  /** Why the verdict is what it is. */
  readonly reason: string;
}

export const UNKNOWN_HEALTH: RegionalHealth = { verdict: "unknown", run: 0, reason: "not probed yet" };

/**
 * Takes one probe in. An origin nobody knows is up after its first good probe, so that a new one need not wait, and down
 * after as many bad ones as any other.
 */
export function recordProbe(
  health: RegionalHealth,
  probe: { readonly good: boolean; readonly reason: string },
  { consecutiveDown, consecutiveUp }: Pick<MonitorConfig, "consecutiveDown" | "consecutiveUp">,
): RegionalHealth {
  if (health.verdict === (probe.good ? "up" : "down")) return health.run === 0 ? health : { ...health, run: 0 };
  const run = probe.good ? Math.max(0, health.run) + 1 : Math.min(0, health.run) - 1;
  const needed = probe.good ? (health.verdict === "unknown" ? 1 : consecutiveUp) : consecutiveDown;
  if (Math.abs(run) < needed) return { ...health, run };
  return { verdict: probe.good ? "up" : "down", run: 0, reason: probe.reason };
}
