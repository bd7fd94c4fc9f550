/**
 * What the planet agrees on about one origin: a breaker for each region that has evidence and one for the world, and the
 * trial permits, of which there is one set whichever breaker is half-open.
 *
 * Evidence goes to the region it came from, so a path that is broken from one place opens that place. When over half of
 * the regions with traffic are open, the world opens and takes over: the regions' own breakers are dropped, trials from
 * anywhere decide, and after it closed the regions start anew under the world's ramp.
 */
import type { Region } from "../config/region.ts";
import {
  admissionThrough,
  advance,
  dueMs,
  freshBreaker,
  open,
  recordEvidence,
  recordTrial,
  withoutCounts,
  type BreakerRules,
  type CircuitBreaker,
  type Evidence,
} from "./circuit-breaker.ts";
import { recordOnRamp } from "../health/ramp.ts";
import { agePermits, grantPermit, NO_PERMITS, settlePermit, type Grant, type PermitSlots } from "./permits.ts";

export interface OriginAgreement {
  readonly world: CircuitBreaker;
  /** A region that is not here is closed and has nothing to tell. */
  readonly regions: Readonly<Partial<Record<Region, CircuitBreaker>>>;
  readonly permits: PermitSlots;
}

/** The clock and the dice of one step. */
export interface Moment {
  /** ms since the epoch. */
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type TrialOutcome = "success" | "failure" | "ignored";

export const FRESH_AGREEMENT: OriginAgreement = { world: freshBreaker(), regions: {}, permits: NO_PERMITS };

/** The breaker that rules in a region: the world's unless it is closed. */
export function breakerFor(agreement: OriginAgreement, region: Region): CircuitBreaker {
  const own = agreement.regions[region];
  return agreement.world.phase === "closed" && own !== undefined && own.phase !== "closed" ? own : agreement.world;
}

/** Share of requests admitted in a region, in [0, 1]: under the region's ramp and the world's. */
export function admissionIn(agreement: OriginAgreement, region: Region): number {
  const own = agreement.regions[region];
  return Math.min(admissionThrough(agreement.world), own === undefined ? 1 : admissionThrough(own));
}

/** Takes a region's counts in. While the world is open they say nothing: what was sent all the same was no trial. */
export function recordRegion(
  agreement: OriginAgreement,
  region: Region,
  evidence: Evidence,
  rules: BreakerRules,
  { nowMs, random }: Moment,
): OriginAgreement {
  const { world } = agreement;
  if (world.phase !== "closed" || !rules.breaker.enabled) return agreement;
  const before = agreement.regions[region] ?? freshBreaker();
  const after = recordEvidence(before, evidence, rules, nowMs, random);
  return {
    ...agreement,
    world:
      world.ramp === null || before.phase !== "closed" ? world : { ...world, ramp: recordOnRamp(world.ramp, evidence) },
    regions: { ...agreement.regions, [region]: after },
  };
}

/** Regions whose own breaker is open or half-open. */
export function ejectedRegions(agreement: OriginAgreement): Region[] {
  return regionsOf(agreement).filter((region) => agreement.regions[region]!.phase !== "closed");
}

/**
 * Opens the world when over half of the regions with traffic are open.
 *
 * @param withTraffic regions that sent the origin requests lately; those that are open count, whether here or not
 */
export function judgeWorld(
  agreement: OriginAgreement,
  withTraffic: Iterable<Region>,
  rules: BreakerRules,
  { nowMs, random }: Moment,
): OriginAgreement {
  const ejected = ejectedRegions(agreement);
  if (agreement.world.phase !== "closed" || ejected.length === 0) return agreement;
  const all = new Set([...withTraffic, ...ejected]);
  if (ejected.length * 2 <= all.size) return agreement;
  const why = agreement.regions[ejected[0]!]!.reason;
  const reason = `open in ${ejected.length} of ${all.size} regions with traffic (${ejected[0]}: ${why})`;
  return { ...agreement, world: open(agreement.world, reason, rules, nowMs, random), regions: {} };
}

/**
 * Grants a trial to a region where the origin is half-open, if a slot is free. Store the agreement before the answer.
 *
 * @param attemptMs hard deadline of an attempt, ms
 */
export function takePermit(
  agreement: OriginAgreement,
  region: Region,
  { id, attemptMs }: { id: string; attemptMs: number },
  rules: BreakerRules,
  { nowMs }: Moment,
): { agreement: OriginAgreement; grant: Grant | null } {
  const breaker = breakerFor(agreement, region);
  if (breaker.phase !== "half-open") return { agreement, grant: null };
  const wanted = { id, region, episodeMs: breaker.sinceMs, attemptMs };
  const { permits, grant } = grantPermit(agreement.permits, rules.breaker.trialPermits, wanted, nowMs);
  return { agreement: { ...agreement, permits }, grant };
}

/** Takes the outcome of a trial in. One whose slot is free already, or that tried an earlier half-open state, is dropped. */
export function settleTrial(
  agreement: OriginAgreement,
  id: string,
  outcome: TrialOutcome,
  rules: BreakerRules,
  { nowMs, random }: Moment,
): OriginAgreement {
  const { permits, slot } = settlePermit(agreement.permits, id, nowMs);
  const settled = { ...agreement, permits };
  if (slot === null || outcome === "ignored") return settled;
  const breaker = breakerFor(agreement, slot.region);
  if (breaker.sinceMs !== slot.episodeMs) return settled;
  const next = recordTrial(breaker, outcome === "success", rules, nowMs, random);
  return breaker === agreement.world
    ? { ...settled, world: next }
    : { ...settled, regions: { ...settled.regions, [slot.region]: next } };
}

/** Does what is due. Returns the same object when nothing was. */
export function advanceAgreement(agreement: OriginAgreement, rules: BreakerRules, nowMs: number): OriginAgreement {
  const world = advance(agreement.world, rules, nowMs);
  let regions = agreement.regions;
  for (const region of regionsOf(agreement)) {
    const before = regions[region]!;
    const after = advance(before, rules, nowMs);
    if (after !== before) regions = { ...regions, [region]: after };
  }
  const permits = agreement.permits.slots.length === 0 ? agreement.permits : agePermits(agreement.permits, nowMs);
  const same = world === agreement.world && regions === agreement.regions && permits === agreement.permits;
  return same ? agreement : { world, regions, permits };
}

/** When `advanceAgreement` has something to do, ms since the epoch; Infinity: never by itself. */
export function agreementDueMs(agreement: OriginAgreement, rules: BreakerRules): number {
  const regions = regionsOf(agreement).map((region) => dueMs(agreement.regions[region]!, rules));
  return Math.min(dueMs(agreement.world, rules), ...regions);
}

/**
 * Whether nothing needs to be remembered: everywhere closed, no ramp, no counts that matter, no trial in flight, and long
 * enough since the last opening that the next one counts as the first.
 */
export function isUneventful(
  { world, regions, permits }: OriginAgreement,
  rules: BreakerRules,
  nowMs: number,
): boolean {
  const windowMs = rules.breaker.windowSeconds * 1000;
  return (
    permits.slots.length === 0 &&
    [world, ...Object.values(regions)].every(
      (breaker) =>
        breaker.phase === "closed" &&
        breaker.ramp === null &&
        (breaker.openings === 0 || nowMs - breaker.sinceMs >= windowMs) &&
        breaker.window.every(({ startMs }) => startMs <= nowMs - windowMs || startMs > nowMs),
    )
  );
}

/** Whether requests go to it from everywhere, be it on a ramp. */
export function isClosedEverywhere({ world, regions }: OriginAgreement): boolean {
  return [world, ...Object.values(regions)].every(({ phase }) => phase === "closed");
}

/** The part worth storing; regions that have nothing to tell are left out. */
export function storedPart(agreement: OriginAgreement): OriginAgreement {
  const regions = regionsOf(agreement)
    .map((region) => [region, withoutCounts(agreement.regions[region]!)] as const)
    .filter(([, breaker]) => breaker.phase !== "closed" || breaker.openings > 0);
  return { ...agreement, world: withoutCounts(agreement.world), regions: Object.fromEntries(regions) };
}

function regionsOf(agreement: OriginAgreement): Region[] {
  return Object.keys(agreement.regions) as Region[];
}
