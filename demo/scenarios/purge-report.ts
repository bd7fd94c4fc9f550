/** What the purge scenario's clients saw, judged: promises kept or broken, and by how much. */
import type { Place } from "../places.ts";
import type { ScenarioResult } from "../scenario.ts";

/** One answer as its client saw it. Times in ms by one clock. */
export interface Seen {
  readonly city: string;
  readonly sentMs: number;
  readonly endedMs: number;
  /** null: no price came. */
  readonly price: number | null;
  readonly isHit: boolean;
  readonly error: string | undefined;
}

export interface Purged {
  /** Where it was asked for. */
  readonly city: string;
  /** The price from then on. */
  readonly price: number;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly complete: boolean;
}

/** @param asked how many requests reached the shop */
export function purgeReport(
  places: readonly Place[],
  purges: readonly Purged[],
  seen: readonly Seen[],
  asked: number,
): ScenarioResult {
  const late = seen.filter((one) => purges.some((purge) => isLate(one, purge)));
  const errors = seen.filter(({ error }) => error !== undefined);
  const hits = seen.filter(({ isHit }) => isHit).length;
  const tookMs = purges.map(({ sentMs, answeredMs }) => answeredMs - sentMs).toSorted((a, b) => a - b);
  const [medianMs, slowestMs] = [tookMs[tookMs.length >> 1]!, tookMs.at(-1)!];
  const complete = purges.filter((purge) => purge.complete).length;
  const cities = places.map(({ city }) => city);
  const unreached = purges.flatMap((purge) => cities.filter((city) => reachMs(seen, purge, city) === null));
  // Not the share of hits: on a busy machine many wait for one answer of the shop, and what it was spared is the same.
  const spared = 1 - asked / seen.length;
  return {
    checks: [
      {
        promise: "every purge is answered as a fact",
        kept: complete === purges.length,
        seen: `${complete} of ${purges.length}`,
      },
      { promise: "no old price to a request sent after that", kept: late.length === 0, seen: `${late.length} old` },
      {
        promise: "the new price is seen in every place",
        kept: unreached.length === 0,
        seen: `${purges.length * cities.length - unreached.length} of ${purges.length * cities.length}`,
      },
      {
        promise: "the caches spare the shop nearly everything",
        kept: spared >= 0.9,
        seen: `${asked} of ${seen.length} requests reached it`,
      },
      { promise: "no client sees an error", kept: errors.length === 0, seen: `${errors.length} errors` },
    ],
    figures: {
      requests: seen.length,
      hits,
      askedOfOrigin: asked,
      purges: purges.length,
      oldAfterAnswer: late.length,
      errors: errors.length,
      purgeMedianMs: Math.round(medianMs),
      purgeSlowestMs: Math.round(slowestMs),
    },
    table: [
      ["place", "requests", "hits", "first new price after, slowest", "old after the answer"],
      ...cities.map((city) => {
        const here = seen.filter((one) => one.city === city);
        const reached = purges.flatMap((purge) => reachMs(seen, purge, city) ?? []);
        return [
          city,
          String(here.length),
          String(here.filter(({ isHit }) => isHit).length),
          reached.length === 0 ? "never" : `${Math.max(...reached).toFixed(0)} ms`,
          String(late.filter((one) => one.city === city).length),
        ];
      }),
    ],
    summary: [
      ["purge to its answer", `${medianMs.toFixed(0)} ms, slowest ${slowestMs.toFixed(0)} ms`],
      ["asked of the shop", `${asked} of ${seen.length} requests`],
    ],
    errors: errors.slice(0, 3).map(({ city, error }) => `${city}: ${error}`),
  };
}

/** Whether an answer is older than a purge that had been answered as complete when it was asked for. */
function isLate({ price, sentMs }: Seen, purge: Purged): boolean {
  return price !== null && purge.complete && sentMs >= purge.answeredMs && price < purge.price;
}

/** How long after a purge was sent a place was first seen with the new price, ms. */
function reachMs(seen: readonly Seen[], { price, sentMs }: Purged, city: string): number | null {
  const first = seen.find((one) => one.city === city && one.price !== null && one.price >= price);
  return first === undefined ? null : Math.max(0, first.endedMs - sentMs);
}
