/** What is known of a session, wherever it is kept, and how long it lives. */
import type { AffinityConfig } from "../config/affinity.ts";

/** From when to when, ms since the epoch. */
export interface Span {
  readonly issuedMs: number;
  readonly expiresMs: number;
}

export interface Session extends Span {
  /** 64 bits in hexadecimal, chosen at random when it began: what a revocation names. */
  readonly id: string;
  /** Version of the sessions section that was known where it began. A later deletion of all is for it too. */
  readonly epoch: number;
  /** Where it belongs: `pool:<id>` and `origin:<id>`, see places.ts. */
  readonly places: readonly string[];
}

export type Lifetime = Pick<AffinityConfig, "ttlSeconds" | "idleSeconds" | "sliding">;

/** Of the idle time, the part that may pass before a session is renewed: renewals cost a Set-Cookie or a row. */
export const RENEW_AFTER = 0.1;

/** The span of a session that begins now. */
export function beginSpan({ ttlSeconds, idleSeconds, sliding }: Lifetime, nowMs: number): Span {
  const lifeSeconds = sliding ? Math.min(idleSeconds, ttlSeconds) : ttlSeconds;
  return { issuedMs: nowMs, expiresMs: nowMs + lifeSeconds * 1000 };
}

/** The span as prolonged by a request now, or null while that is not worth telling. */
export function prolonged({ ttlSeconds, idleSeconds, sliding }: Lifetime, span: Span, nowMs: number): Span | null {
  if (!sliding) return null;
  const expiresMs = Math.min(nowMs + idleSeconds * 1000, span.issuedMs + ttlSeconds * 1000);
  const gainMs = expiresMs - span.expiresMs;
  return gainMs > 0 && gainMs >= idleSeconds * 1000 * RENEW_AFTER ? { issuedMs: span.issuedMs, expiresMs } : null;
}

/** Whether a session is over: by its own time, or by a lifetime that was shortened since. */
export function isOver({ ttlSeconds }: Lifetime, span: Span, nowMs: number): boolean {
  return nowMs >= span.expiresMs || nowMs >= span.issuedMs + ttlSeconds * 1000;
}
