/**
 * What narrows a request's choice before any policy sees it: rules, filters, canaries, recovery, shedding, capacity and
 * pools that are failing.
 *
 * Two degrees. A fence is kept whatever happens: a rule's `pools`, a filter without `percent`. A preference holds while
 * something is left that meets it: canaries, the ramp of a recovering origin, an origin over its capacity, a shedding
 * pool, a pool of which too few origins are left.
 */
import type { FilterConfig, RuleConfig, ShedConfig } from "../config/rules.ts";
import type { SteeringConfig } from "../config/steering.ts";
import type { PoolState, ServiceState } from "./availability.ts";
import { admits } from "../health/ramp.ts";
import { DICE_SIDES, makeDice, type Dice } from "./dice.ts";
import { hashText, mix, unit } from "./hash.ts";
import type { OriginState } from "./origin-state.ts";
import type { Picker, SteerRequest } from "./policy.ts";

/** Which pools, and which origins of each, may be chosen. */
export interface Flags {
  readonly pools: Uint8Array;
  readonly origins: readonly Uint8Array[];
}

export interface Scope {
  readonly picker: Picker;
  readonly required: Flags;
  /** The same object as `required` where nothing is preferred. */
  readonly preferred: Flags;
}

export interface PreparedRule {
  readonly config: RuleConfig;
  /** One flag a pool; null: all. */
  readonly pools: Uint8Array | null;
  /** null: the service's. */
  readonly picker: Picker | null;
}

interface PreparedFilter {
  readonly config: FilterConfig;
  /** One flag an origin, by pool: 1 if it matches. */
  readonly matches: readonly Uint8Array[];
}

export interface Narrowing {
  readonly rules: readonly PreparedRule[];
  readonly filters: readonly PreparedFilter[];
  readonly overprovisioning: number;
  readonly dice: Dice;
}

/** Salts, so that the same clients are not the first in everything. */
const CANARY = hashText("canary");
const RULE = hashText("rule");

/**
 * @param preparePicker makes a picker over the pools by a policy's name
 * @param random        uniform in [0, 1)
 */
export function prepareNarrowing(
  pools: readonly PoolState[],
  steering: SteeringConfig,
  preparePicker: (policy: SteeringConfig["policy"]) => Picker,
  random: () => number,
): Narrowing {
  return {
    rules: steering.rules.map((config) => ({
      config,
      pools: config.then.pools
        ? Uint8Array.from(pools, (pool) => (config.then.pools!.includes(pool.id) ? 1 : 0))
        : null,
      picker: config.then.policy === undefined ? null : preparePicker(config.then.policy),
    })),
    filters: steering.filters.map((config) => ({
      config,
      matches: pools.map((pool) => Uint8Array.from(pool.origins, (origin) => (passes(config, pool, origin) ? 1 : 0))),
    })),
    overprovisioning: steering.overprovisioning,
    dice: makeDice(random),
  };
}

function passes({ labels, region, version }: FilterConfig, pool: PoolState, origin: OriginState): boolean {
  return (
    (version === undefined || origin.config.version === version) &&
    (region === undefined || pool.region === region) &&
    Object.entries(labels).every(([name, value]) => origin.config.labels[name] === value)
  );
}

/** The first rule that matches a request, or null. */
export function ruleOf({ narrowing }: ServiceState, request: SteerRequest): PreparedRule | null {
  for (const rule of narrowing.rules) if (matches(rule.config.match, request)) return rule;
  return null;
}

function matches(match: RuleConfig["match"], request: SteerRequest): boolean {
  if (match.methods.length > 0 && !match.methods.includes(request.method)) return false;
  if (match.countries.length > 0 && !match.countries.includes(request.place.country)) return false;
  if (match.paths.length > 0 && !match.paths.some((pattern) => pathMatches(pattern, request.path))) return false;
  for (const name in match.headers) {
    const value = request.headers.get(name);
    if (value === null || (match.headers[name] !== "*" && match.headers[name] !== value)) return false;
  }
  return match.percent >= 100 || isAmong(match.percent, request.hashOf(match.key) ^ RULE);
}

export function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

/** Whether a key is among the first `percent` of all keys; a larger percentage keeps those that were in. */
function isAmong(percent: number, salted: number): boolean {
  return unit(mix(salted)) * 100 < percent;
}

/** True if the service's rules, filters and states leave every request all that is available. */
export function isWholeFor({ narrowing, partial }: ServiceState): boolean {
  return !partial && narrowing.rules.length === 0 && narrowing.filters.length === 0;
}

/** Whether no fence keeps a request from an origin: neither its rule nor a filter. */
export function mayReach(service: ServiceState, request: SteerRequest, pool: number, origin: number): boolean {
  const { rules, filters } = service.narrowing;
  if (rules.length > 0 && (ruleOf(service, request)?.pools?.[pool] ?? 1) !== 1) return false;
  return filters.every(({ config, matches }) => config.percent !== undefined || matches[pool]![origin] === 1);
}

/**
 * What a request may choose from.
 *
 * @param dice decides what happens to a share of the traffic; the service's own, or one that changes nothing
 */
export function scopeOf(service: ServiceState, request: SteerRequest, dice: Dice = service.narrowing.dice): Scope {
  const rule = ruleOf(service, request);
  let required = fenced(service, rule, (pool) => pool.eligible.slice());
  // Nothing that weighs anything is left inside the fences: what weighs nothing was kept for this.
  if (service.reserves.length > 0 && !required.pools.includes(1)) {
    const reserves = new Set(service.reserves.map(({ origin }) => origin));
    required = fenced(service, rule, ({ origins, eligible }) =>
      eligible.map((flag, at) => (reserves.has(origins[at]!) ? 1 : flag)),
    );
  }
  const preferred = prefer(service, request, required, dice);
  return { picker: rule?.picker ?? service.picker, required, preferred };
}

/** Those of some origins that the rule and the filters let a request reach. */
function fenced(service: ServiceState, rule: PreparedRule | null, flagsOf: (pool: PoolState) => Uint8Array): Flags {
  const flags = {
    pools: rule?.pools?.slice() ?? new Uint8Array(service.pools.length).fill(1),
    origins: service.pools.map(flagsOf),
  };
  for (const filter of service.narrowing.filters) if (filter.config.percent === undefined) keep(flags, filter, 1);
  emptyPools(flags);
  return flags;
}

/** Keeps the origins that match a filter, or those that do not. */
function keep({ origins }: Flags, { matches }: PreparedFilter, wanted: 0 | 1): void {
  origins.forEach((flags, pool) => {
    for (let index = 0; index < flags.length; index++) if (matches[pool]![index] !== wanted) flags[index] = 0;
  });
}

function emptyPools({ pools, origins }: Flags): void {
  origins.forEach((flags, pool) => {
    if (!flags.includes(1)) pools[pool] = 0;
  });
}

function prefer(service: ServiceState, request: SteerRequest, required: Flags, dice: Dice): Flags {
  const { narrowing, partial, panicking } = service;
  const canaries = narrowing.filters.filter(({ config }) => config.percent !== undefined);
  // While everything is used for want of anything better, nobody is picky.
  if (panicking || (!partial && canaries.length === 0)) return required;
  const preferred = { pools: required.pools.slice(), origins: required.origins.map((flags) => flags.slice()) };
  for (const canary of canaries) {
    const { percent, key } = canary.config;
    keep(preferred, canary, isAmong(percent!, request.hashOf(key) ^ CANARY) ? 1 : 0);
  }
  service.pools.forEach((pool, index) => {
    if (!takesPool(pool, request, dice)) preferred.pools[index] = 0;
    pool.origins.forEach((origin, at) => {
      if (!takesOrigin(origin, request, dice)) preferred.origins[index]![at] = 0;
    });
  });
  emptyPools(preferred);
  return preferred;
}

function takesPool(pool: PoolState, request: SteerRequest, dice: Dice): boolean {
  if (pool.share < 1 && dice() >= pool.share * DICE_SIDES) return false;
  return !sheds(pool.shed, pool, request, dice);
}

function sheds({ percent, policy }: ShedConfig, pool: PoolState, request: SteerRequest, dice: Dice): boolean {
  if (percent === 0) return false;
  if (policy === "random") return dice() >= (1 - percent / 100) * DICE_SIDES;
  return isAmong(percent, request.hashOf("ip") ^ hashText(pool.id));
}

function takesOrigin(origin: OriginState, request: SteerRequest, dice: Dice): boolean {
  if (!admits(origin.id, request.requestId, origin.admission)) return false;
  return origin.kept >= 1 || dice() < origin.kept * DICE_SIDES;
}
