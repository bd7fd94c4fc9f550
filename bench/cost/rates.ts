/** Cloudflare's published rates, in US dollars, and what a paid plan includes a month. */

export const RATES = {
  /** Of developers.cloudflare.com, as last read; a rate that has changed is changed here and the page written anew. */
  readOn: "2026-11-21",
  perMillion: {
    requests: 0.3,
    cpuMs: 0.02,
    objectCalls: 0.15,
    /** One GB held for a second; an object is billed as 128 MB. */
    gbSeconds: 12.5,
    rowsWritten: 1,
  },
  includedPerMonth: {
    requests: 10_000_000,
    cpuMs: 30_000_000,
    objectCalls: 1_000_000,
    gbSeconds: 400_000,
    rowsWritten: 50_000_000,
  },
  objectGb: 0.128,
} as const;

export type Meter = keyof typeof RATES.perMillion;

/** How much of what is metered something uses. */
export type Usage = Readonly<Record<Meter, number>>;

/** What usage costs where nothing is included any more, dollars. */
export function priceOf(usage: Partial<Usage>): number {
  return meters(usage).reduce((sum, [meter, used]) => sum + (used * RATES.perMillion[meter]) / 1_000_000, 0);
}

/** What a month's usage costs beyond what the plan includes, dollars. */
export function monthlyPriceOf(usage: Usage): number {
  const beyond = meters(usage).map(([meter, used]) => [meter, Math.max(0, used - RATES.includedPerMonth[meter])]);
  return priceOf(Object.fromEntries(beyond));
}

function meters(usage: Partial<Usage>): [Meter, number][] {
  return Object.entries(usage) as [Meter, number][];
}
