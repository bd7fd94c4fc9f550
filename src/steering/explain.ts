/** What would be decided for a request now, and why: every pool and origin with its score, its reason, and what keeps it out. */
import { stagesOf } from "./backups.ts";
import { refreshAvailability, type PoolState, type ServiceState } from "./availability.ts";
import { ruleOf, scopeOf, type Flags, type Scope } from "./narrow.ts";
import { refusalOf, type OriginState } from "./origin-state.ts";
import type { Picker, SteerRequest } from "./policy.ts";

interface Standing {
  readonly id: string;
  /** What the policy compares, lower is better; null where it compares nothing. */
  readonly score: number | null;
  readonly reason: string;
  /** Why it is passed over; null: it may be chosen. */
  readonly passedOver: string | null;
}

export interface OriginStanding extends Standing {
  /** Share of the requests that it takes of those it would get, in [0, 1]. */
  readonly share: number;
  /** Its place in the chain of backups, from 1; 0: it is a primary. */
  readonly backup: number;
}

export interface PoolStanding extends Standing {
  readonly share: number;
  /** Best score first; what may not be chosen last. */
  readonly origins: readonly OriginStanding[];
}

export interface Explanation {
  readonly service: string;
  /** The rule that applies, by its place in the configuration (from 0), or null. */
  readonly rule: number | null;
  /** Descriptions of the filters, in order. */
  readonly filters: readonly string[];
  readonly panicking: boolean;
  /** Who is chosen from: 0: primaries; else the backup at this place in the chain. */
  readonly level: number;
  /** Age of the view that decides, ms; null: the bundled configuration, no hub has been heard yet. */
  readonly viewAgeMs: number | null;
  readonly pools: readonly PoolStanding[];
}

/**
 * Explains without deciding: no turn is taken, no dice are thrown, no origin is asked. Where chance decides, what stands is
 * its share.
 *
 * @param syncedAtMs when the view was brought up to date, ms since the epoch; 0: never
 * @param nowMs      ms since the epoch
 */
export function explain(service: ServiceState, request: SteerRequest, syncedAtMs: number, nowMs: number): Explanation {
  refreshAvailability(service, nowMs);
  const rule = ruleOf(service, request);
  // Throws of 0 keep everything that is kept at all, so that only what is certain is passed over.
  const scope = scopeOf(service, request, () => 0);
  const { picker, required, preferred } = scope;
  const level = levelFor(service, request, scope);
  const pools = service.pools.map((pool, index): PoolStanding => {
    const origins = pool.origins.map((origin, at): OriginStanding => ({
      ...standing(origin.id, pool.picker, at, request),
      passedOver: originPassedOver(pool, origin, { index, at }, { required, preferred, level }, nowMs),
      share: Math.min(origin.admission, origin.kept),
      backup: origin.backup,
    }));
    return {
      ...standing(pool.id, picker, index, request),
      passedOver:
        poolPassedOver(index, rule?.pools ?? null, required, preferred) ??
        (origins.some(({ passedOver }) => passedOver === null) ? null : (origins[0]?.passedOver ?? null)),
      share: pool.share * (1 - pool.shed.percent / 100),
      origins: origins.toSorted(byPreference),
    };
  });
  return {
    service: service.name,
    rule: rule === null ? null : service.narrowing.rules.indexOf(rule),
    filters: service.narrowing.filters.map(({ config }) => describeFilter(config)),
    panicking: service.panicking,
    level,
    viewAgeMs: syncedAtMs === 0 ? null : Math.max(0, nowMs - syncedAtMs),
    pools: pools.toSorted(byPreference),
  };
}

/** The first level that has somebody for the request. */
function levelFor(service: ServiceState, request: SteerRequest, scope: Scope): number {
  if (service.maxBackups === 0) return 0;
  const { stages } = stagesOf(service, request, 0, scope);
  return stages.find(({ among }) => among.some(({ pools }) => pools.includes(1)))?.level ?? 0;
}

function standing(id: string, picker: Picker, index: number, request: SteerRequest): Omit<Standing, "passedOver"> {
  const score = picker.score(index, request);
  return { id, score: Number.isFinite(score) ? score : null, reason: picker.reason(index, request) };
}

function originPassedOver(
  pool: PoolState,
  origin: OriginState,
  { index, at }: { index: number; at: number },
  { required, preferred, level }: { required: Flags; preferred: Flags; level: number },
  nowMs: number,
): string | null {
  if (required.origins[index]![at] !== 1) {
    if (pool.eligible[at] === 1) return "a filter keeps it out";
    const refusal = refusalOf(origin, nowMs);
    return refusal ?? (origin.weight === 0 ? "weight 0, kept for when nothing else is left" : "not available");
  }
  if (origin.backup > level) return `backup ${origin.backup}, kept for when nothing before it is available`;
  if (preferred.origins[index]![at] !== 1) {
    return origin.admission < 1 ? "coming back or going: this request is beyond its share" : "a canary prefers others";
  }
  return null;
}

function poolPassedOver(index: number, ruled: Uint8Array | null, required: Flags, preferred: Flags): string | null {
  if (ruled !== null && ruled[index] !== 1) return "the rule leaves it out";
  if (required.pools[index] !== 1) return "none of its origins may be chosen";
  return preferred.pools[index] === 1 ? null : "others are preferred while they last";
}

/** What may be chosen first, then by score; what compares nothing keeps its order. */
function byPreference(a: Standing, b: Standing): number {
  if ((a.passedOver === null) !== (b.passedOver === null)) return a.passedOver === null ? -1 : 1;
  return (a.score ?? Infinity) - (b.score ?? Infinity) || 0;
}

function describeFilter({
  labels,
  region,
  version,
  percent,
}: ServiceState["narrowing"]["filters"][number]["config"]): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  if (region !== undefined) parts.push(`region=${region}`);
  if (version !== undefined) parts.push(`version=${version}`);
  return percent === undefined ? parts.join(", ") : `${parts.join(", ")} for ${percent} %`;
}
