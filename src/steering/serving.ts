/**
 * Who serves a service's requests, by what is agreed on: its primaries, one of its backups, or nobody that is well. And
 * when that changed: the log of failovers.
 */
import type { ServiceConfig } from "../config/service.ts";
import { backupPlace } from "./backups.ts";
import { isEjection, type Refusal } from "./origin-state.ts";

/** `primaries`, the name of a backup as configured, `panic` (everything is used for want of anything better) or `nobody`. */
export type Server = string;

export interface Failover {
  /** ms since the epoch. */
  readonly atMs: number;
  readonly service: string;
  readonly from: Server;
  readonly to: Server;
  readonly reason: string;
}

/** Who serves a service in a region, and since when. */
export interface Serving {
  readonly by: Server;
  /** ms since the epoch; 0: ever since it was first looked at. */
  readonly sinceMs: number;
  /** How often that changed. */
  readonly failovers: number;
}

export interface FailoverLog {
  /** By service; one that is not here has always been served by its primaries. */
  readonly serving: Readonly<Record<string, Serving>>;
  /** The last 100, oldest first. */
  readonly failovers: readonly Failover[];
}

/** What is known of one origin where it is looked at. */
export interface Known {
  readonly refusal: Refusal | null;
  readonly weight: number;
}

interface Placed extends Known {
  readonly id: string;
  /** 0: a primary. */
  readonly place: number;
}

/** Origins that a reason names; more are counted. */
const NAMED = 3;

/**
 * Who serves.
 *
 * @param known what is known of an origin, by id
 */
export function servedBy({ pools, failover, ejection }: ServiceConfig, known: (origin: string) => Known): Server {
  const placed = placedOrigins(pools, failover.backups, known);
  const kept = keptInSpite(placed, ejection.maxEjected ?? Infinity);
  const available = placed.filter((origin) => origin.refusal === null || kept.has(origin.id));
  const weighing = available.filter(({ weight }) => weight > 0);
  const among = weighing.length > 0 ? weighing : available;
  if (among.length === 0) return ejection.panic === "fail-open" ? "panic" : "nobody";
  const place = Math.min(...among.map(({ place }) => place));
  return place === 0 ? "primaries" : failover.backups[place - 1]!;
}

/** Why it is served by somebody else now, in a few words for an operator. */
export function whyServedBy(
  { pools, failover }: ServiceConfig,
  known: (origin: string) => Known,
  from: Server,
  to: Server,
): string {
  const placed = placedOrigins(pools, failover.backups, known);
  const rank = (server: Server) => {
    if (server === "primaries") return 0;
    const place = failover.backups.indexOf(server);
    return place === -1 ? Infinity : place + 1;
  };
  if (rank(to) < rank(from)) {
    const well = placed.filter(({ place, refusal }) => place === rank(to) && refusal === null);
    const weighing = well.filter(({ weight }) => weight > 0);
    const back = weighing.length > 0 ? weighing : well;
    return `available: ${listed(back.map(({ id }) => id))}`;
  }
  const out = placed.filter(({ place, refusal }) => place < rank(to) && refusal !== null);
  return listed(out.map(({ id, refusal }) => `${id} ${refusal}`));
}

/** The ejected origins that stay in use because too many are: those that are nearest to coming back. */
function keptInSpite(placed: readonly Placed[], maxEjected: number): ReadonlySet<string> {
  const ejected = placed.filter(({ refusal }) => isEjection(refusal));
  const order: readonly (Refusal | null)[] = ["half-open", "breaker open"];
  const nearestFirst = ejected.toSorted((a, b) => order.indexOf(a.refusal) - order.indexOf(b.refusal));
  return new Set(nearestFirst.slice(0, Math.max(0, ejected.length - maxEjected)).map(({ id }) => id));
}

function placedOrigins(
  pools: ServiceConfig["pools"],
  backups: readonly string[],
  known: (origin: string) => Known,
): Placed[] {
  return Object.entries(pools).flatMap(([pool, { origins }]) =>
    origins.map(({ id }) => ({ id, place: backupPlace(backups, pool, id), ...known(id) })),
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
