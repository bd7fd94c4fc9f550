/** How much of a limit is lent to one isolate at a time, and for how long. */
import { leaseMs } from "./algorithms.ts";
import type { TakeRequest } from "./messages.ts";
import type { Rule } from "./meter.ts";

/** At most this part of what is left goes into one grant: so slices shrink to one as the window fills. */
const SHARE = 1 / 8;

/** Demand is lent this much more than it was, so that a little growth costs no call. */
const HEADROOM = 1.25;

/** Leases shorter than this are lent several in a row, so that a short window does not mean a call every few ms. */
const RUN_MS = 1_000;

/** A sliding meter can charge this many leases ahead, a tenth of the window each. */
const LONGEST_RUN = 10;

/** A full window is not asked again for fewer units than this, if so many come back soon. */
const WORTH_UNITS = 16;

/** A slice may be spent from `fromMs` to `untilMs`, both counted from the moment it was asked for. */
export interface Slice {
  readonly id: string;
  readonly units: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export type Asked = Pick<TakeRequest, "units" | "waiting" | "perSecond">;

/** Sizes and times of the slices of one grant; the caller names and charges them. */
export type SlicePlan = readonly Omit<Slice, "id">[];

/**
 * Decides what one isolate is lent.
 *
 * What requests are waiting for is lent whole, as far as it is there: it is spent at once, and lies nowhere idle.
 *
 * @param asked     `units` are available: the caller has looked
 * @param available units that may be charged now
 */
export function planSlices(rule: Rule, asked: Asked, available: number, nowMs: number): SlicePlan {
  const { units, waiting, perSecond } = asked;
  const lease = leaseMs(rule, nowMs);
  const share = Math.floor(available * SHARE);
  const wanted = Math.ceil((perSecond * lease * HEADROOM) / 1_000);
  const size = Math.max(units, Math.min(waiting, available), Math.min(wanted, share));
  const runs = canRunAhead(rule) && available * 2 > rule.limit ? Math.ceil(RUN_MS / lease) : 1;
  const count = Math.max(1, Math.min(runs, LONGEST_RUN, Math.floor(share / size), wanted >= units ? LONGEST_RUN : 1));
  return Array.from({ length: count }, (_, i) => ({ units: size, fromMs: i * lease, untilMs: (i + 1) * lease }));
}

/**
 * How many units a refused isolate should wait for: enough that asking is worth a call, and no more than come back in
 * about a 64th of the window.
 */
export function worthAsking(rule: Rule, units: number): number {
  const atOnce = rule.algorithm === "token-bucket" ? rule.burst : rule.limit;
  return Math.max(units, Math.min(WORTH_UNITS, Math.floor(rule.limit / 64), Math.floor(atOnce / 4)));
}

/** A slice that starts later is charged from its grant like any other, and until its own lease and a window are over. */
function canRunAhead(rule: Rule): boolean {
  return rule.algorithm === "sliding-window" || rule.algorithm === "sliding-log";
}
