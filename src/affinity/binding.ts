/**
 * What `SessionAffinity` keeps of a session that no cookie carries, and the rule by which the first to bind it wins.
 *
 * Everybody who asks proposes where the session should be; only the first is heard, and the others learn what stands. A
 * move says where it moves from, so that of several only one is made.
 */
import { beginSpan, isOver, prolonged, RENEW_AFTER, type Lifetime, type Span } from "./session.ts";

/** A pool, and an origin in it where sessions stay on origins. */
export interface Spot {
  readonly pool: string;
  readonly origin: string | null;
}

export interface Binding extends Span {
  readonly id: string;
  readonly epoch: number;
  readonly pool: string;
  /** By service: its origin in the pool, null where it keeps to the pool only. */
  readonly origins: Readonly<Record<string, string | null>>;
  /** When it was last asked for, as far as it was worth writing down, ms since the epoch. */
  readonly seenMs: number;
}

export interface BindAsk {
  readonly service: string;
  /** Where it would go, best first; of different pools. */
  readonly proposals: readonly Spot[];
  readonly lifetime: Lifetime;
  /** Version of the sessions section that the asking isolate has. */
  readonly epoch: number;
  /** The id of a new session. */
  readonly id: string;
  /** The id of a session that an operator has ended: if it is this one that is kept, a new one takes its place. */
  readonly instead: string | null;
}

export interface MoveAsk {
  readonly id: string;
  readonly service: string;
  readonly from: Spot;
  readonly to: Spot;
}

export interface Bound {
  readonly binding: Binding;
  readonly event: "created" | "kept";
  /** Whether it has to be written down. */
  readonly changed: boolean;
}

/** Binds a session, or says where it is bound. */
export function bind(before: Binding | null, ask: BindAsk, nowMs: number): Bound {
  const { service, proposals, lifetime } = ask;
  if (before === null || isOver(lifetime, before, nowMs) || before.id === ask.instead) {
    const { pool, origin } = proposals[0]!;
    const { id, epoch } = ask;
    const binding = { id, epoch, pool, origins: { [service]: origin }, seenMs: nowMs, ...beginSpan(lifetime, nowMs) };
    return { binding, event: "created", changed: true };
  }
  const spot = service in before.origins ? undefined : proposals.find(({ pool }) => pool === before.pool);
  const span = prolonged(lifetime, before, nowMs);
  const isSeenLater = nowMs - before.seenMs >= lifetime.idleSeconds * 1000 * RENEW_AFTER;
  if (spot === undefined && span === null && !isSeenLater) return { binding: before, event: "kept", changed: false };
  const origins = spot === undefined ? before.origins : { ...before.origins, [service]: spot.origin };
  return { binding: { ...before, ...span, origins, seenMs: nowMs }, event: "kept", changed: true };
}

/** Moves a session that is where the mover thinks it is; null: there is no such session any more. */
export function move(before: Binding | null, { id, service, from, to }: MoveAsk, nowMs: number): Bound | null {
  if (before === null || before.id !== id || nowMs >= before.expiresMs) return null;
  if (before.pool !== from.pool || (before.origins[service] ?? null) !== from.origin)
    return { binding: before, event: "kept", changed: false };
  // Services of a group follow to the new pool by themselves: their origins in the old one are forgotten.
  const others = to.pool === before.pool ? before.origins : {};
  return {
    binding: { ...before, pool: to.pool, origins: { ...others, [service]: to.origin } },
    event: "kept",
    changed: true,
  };
}
