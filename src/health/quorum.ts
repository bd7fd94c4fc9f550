/** From regional verdicts to a global one, and to what a region is told. */
import type { MonitorConfig } from "../config/monitor.ts";
import type { Region } from "../config/region.ts";
import type { Verdict } from "./thresholds.ts";

export type Votes = ReadonlyMap<Region, Verdict>;

/** What a hub says of an origin when it is asked. */
export interface Voice {
  /** Of its own probes, unless they are long ago. */
  readonly verdict: Verdict;
  /** Attempts of its region's traffic that ended lately. */
  readonly successes: number;
  readonly failures: number;
  /** For so much longer its region's traffic may not have been heard of, ms. */
  readonly unheardForMs: number;
}

/** How the regions vote. */
export interface Poll {
  readonly votes: Votes;
  /** After how long, in ms, regions that have not been heard can be asked again whose word could keep the origin up; 0: none. */
  readonly askAgainMs: number;
}

/**
 * What regions have told, and what they say when asked: a verdict of now comes before an older one, and traffic that is
 * answered counts as up.
 *
 * @param told verdicts that regions have reported, whenever that was
 * @param said what each hub said; a region with several hubs is in it several times
 */
export function pollOf(
  told: Readonly<Partial<Record<Region, Verdict>>>,
  said: Iterable<readonly [Region, Voice]>,
): Poll {
  const votes = new Map(Object.entries(told) as [Region, Verdict][]);
  const unheardForMs = new Map<Region, number>();
  for (const [region, voice] of said) {
    if (voice.verdict !== "unknown") votes.set(region, voice.verdict);
    else if (voice.successes > voice.failures) votes.set(region, "up");
    else if (voice.unheardForMs > 0)
      unheardForMs.set(region, Math.max(voice.unheardForMs, unheardForMs.get(region) ?? 0));
  }
  const unheard = [...unheardForMs].filter(([region]) => !votes.has(region));
  const atBest = new Map([...votes, ...unheard.map(([region]) => [region, "up"] as const)]);
  const isDecided = globalVerdict(votes) !== "down" || globalVerdict(atBest) === "down";
  return { votes, askAgainMs: isDecided ? 0 : Math.max(...unheard.map(([, ms]) => ms)) };
}

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

/**
 * Whether the world has to hear a region's verdict: not if it thinks the same; up is news to a world that thinks down, and
 * the first verdict on an origin that was added at runtime, which waits for it, is news anyway.
 *
 * @param registeredAtMs when it was added at runtime, ms since the epoch; null: it came with the deployment
 */
export function isNews(own: Verdict, global: Verdict, registeredAtMs: number | null): boolean {
  if (own === "unknown" || own === global) return false;
  return own === "down" || global === "down" || registeredAtMs !== null;
}
