/** What a hub keeps of its isolates' reports beside the origins' states: rates, the last hour by minute, totals. */
import type { Report } from "../src/agreement/protocol.ts";
import {
  forgetSilent,
  noTraffic,
  offeredRatio,
  retryRatios,
  takeReport,
  type RegionTotals,
} from "../src/agreement/region-traffic.ts";
import { noRollUps, performanceOf, rollUp, type Performance, type RollUps } from "../src/agreement/roll-ups.ts";
import type { TrafficCounts } from "../src/agreement/traffic-counts.ts";

const RECENT_MINUTES = 5;

export class HubTraffic {
  readonly #rates: RegionTotals = noTraffic();
  readonly #clock: () => number;
  #rollUps: RollUps;

  /** @param clock ms since the epoch */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#rollUps = noRollUps(clock());
  }

  /** @returns false if the report had been taken already */
  take(report: Report): boolean {
    const nowMs = this.#clock();
    if (!takeReport(this.#rates, report, nowMs)) return false;
    rollUp(this.#rollUps, report, nowMs);
    return true;
  }

  forgetSilent(): void {
    forgetSilent(this.#rates, this.#clock());
  }

  retryRatios(): Record<string, number> {
    return retryRatios(this.#rates, this.#clock());
  }

  /** Requests of a service that came for each that its priority levels let in. */
  offeredRatio(service: string): number {
    return offeredRatio(this.#rates, service, this.#clock());
  }

  /** What services' isolates counted since the hub started, by service and counter. */
  countersByService(): Record<string, Record<string, number>> {
    return Object.fromEntries([...this.#rates.services].map(([service, { totals }]) => [service, totals]));
  }

  totals(): { spanMs: number; totals: TrafficCounts; recent: TrafficCounts } {
    const nowMs = this.#clock();
    const { totals, sinceMs } = this.#rollUps;
    const recent = performanceOf(this.#rollUps, RECENT_MINUTES, null, nowMs).counts;
    return { spanMs: Math.max(0, nowMs - sinceMs), totals, recent };
  }

  performance(windowMinutes: number, service: string | null): Performance {
    return performanceOf(this.#rollUps, windowMinutes, service, this.#clock());
  }

  /** Forgets what was counted; rates, which others decide by, go on. */
  forget(): void {
    this.#rollUps = noRollUps(this.#clock());
  }
}
