/**
 * What happens to a request that carries `Idempotency-Key`: it runs once, and whoever repeats it gets the first answer.
 *
 * After draft-ietf-httpapi-idempotency-key-header-07: a repeat with another body is refused (422), one that comes while the
 * first still runs too (409). A run that ended in doubt (no answer, or a 5xx) leaves the key open, bound to its body: the
 * client was told so and may send it again.
 */

/** What is remembered of a key. */
export interface IdempotencyEntry {
  readonly bodyHash: string;
  /** `open`: a run ended without an answer worth keeping. */
  readonly phase: "running" | "answered" | "open";
  /** While running: when the one who runs it is given up, ms since the epoch. */
  readonly heldUntilMs: number;
  /** Who runs it; an answer of anybody else comes too late. */
  readonly run: string;
  readonly expiresAtMs: number;
}

export type IdempotencyDecision = "run" | "replay" | "another body" | "still running";

export interface BeginQuestion {
  readonly bodyHash: string;
  readonly run: string;
  /** How long the run may take before another may begin, ms. */
  readonly holdMs: number;
  readonly ttlMs: number;
}

/**
 * Decides about a request.
 *
 * @param entry what is remembered of its key, or null
 * @returns the decision, and what to remember from now on; the same entry when nothing changes
 */
export function begin(
  entry: IdempotencyEntry | null,
  question: BeginQuestion,
  nowMs: number,
): { readonly decision: IdempotencyDecision; readonly entry: IdempotencyEntry } {
  const known = entry !== null && entry.expiresAtMs > nowMs ? entry : null;
  if (known !== null) {
    if (known.bodyHash !== question.bodyHash) return { decision: "another body", entry: known };
    if (known.phase === "answered") return { decision: "replay", entry: known };
    if (known.phase === "running" && known.heldUntilMs > nowMs) return { decision: "still running", entry: known };
  }
  const { bodyHash, run, holdMs, ttlMs } = question;
  return {
    decision: "run",
    entry: { bodyHash, run, phase: "running", heldUntilMs: nowMs + holdMs, expiresAtMs: nowMs + ttlMs },
  };
}

/**
 * Takes in how a run ended.
 *
 * @param answered whether there is an answer to give to whoever repeats the request
 * @returns what to remember, or null when the run is no longer the one that counts
 */
export function end(
  entry: IdempotencyEntry | null,
  run: string,
  answered: boolean,
  nowMs: number,
): IdempotencyEntry | null {
  if (entry === null || entry.expiresAtMs <= nowMs || entry.phase !== "running" || entry.run !== run) return null;
  return { ...entry, phase: answered ? "answered" : "open" };
}
