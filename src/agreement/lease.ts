/**
 * A lease as its holder sees it: an isolate's on its view, and a hub's on its place in the ControlPlane's registry.
 *
 * It comes only with an answered call and counts from sending that call, so that whoever granted it, counting from
 * receipt, never thinks it over too early. Two things end it: a timer set when the call was sent (timers do not step),
 * and the clock (which goes on when a timer was lost with the request that had set it). A clock below the largest value
 * seen has stepped back: it proves nothing, so the lease ends and calls sent before the step grant none.
 */

export interface Lease {
  untilMs: number;
  /** The largest clock value seen. */
  seenMs: number;
  /** How often the clock was seen to step back. */
  steps: number;
  /** The call that granted it. */
  grantedBy: SentCall | null;
}

/** A call on its way that may grant a lease. */
export interface SentCall {
  readonly sentMs: number;
  readonly steps: number;
  /** Set by the timer: the time a lease from this call could last is over. */
  over: boolean;
}

export function noLease(): Lease {
  return { untilMs: -Infinity, seenMs: -Infinity, steps: 0, grantedBy: null };
}

/** Whether the lease holds now. Also how the clock is watched: ask often. */
export function holdsLease(lease: Lease, nowMs: number): boolean {
  if (nowMs < lease.seenMs) {
    lease.steps++;
    endLease(lease);
  }
  lease.seenMs = nowMs;
  return nowMs < lease.untilMs;
}

/** Notes that a call is being sent. The caller sets a timer for the length of the lease that calls `timeIsUp`. */
export function sendCall(lease: Lease, nowMs: number): SentCall {
  holdsLease(lease, nowMs);
  return { sentMs: nowMs, steps: lease.steps, over: false };
}

/**
 * Takes the lease that an answer grants.
 *
 * @param leaseMs counted from sending; 0 grants none and leaves an earlier lease as it is
 */
export function takeLease(lease: Lease, call: SentCall, leaseMs: number, nowMs: number): void {
  holdsLease(lease, nowMs);
  const untilMs = call.sentMs + leaseMs;
  if (leaseMs <= 0 || call.over || call.steps !== lease.steps || untilMs <= lease.untilMs) return;
  lease.untilMs = untilMs;
  lease.grantedBy = call;
}

/** The timer set at sending has fired. */
export function timeIsUp(lease: Lease, call: SentCall): void {
  call.over = true;
  if (lease.grantedBy === call) endLease(lease);
}

/** Ends the lease now. */
export function endLease(lease: Lease): void {
  lease.untilMs = -Infinity;
  lease.grantedBy = null;
}
