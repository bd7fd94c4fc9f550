/** What isolates and the `IdempotencyLedger` say to each other. */
import type { BeginQuestion, IdempotencyDecision } from "./idempotency.ts";

/** An answer as it is given again. */
export interface KeptAnswer {
  readonly status: number;
  /** Pairs of name and value. */
  readonly headers: readonly (readonly string[])[];
  readonly body: ArrayBuffer;
}

export interface BeginAnswer {
  readonly decision: IdempotencyDecision;
  /** To be replayed; null when it was too long to keep. */
  readonly answer: KeptAnswer | null;
}

export interface LedgerForIsolates {
  begin(key: string, question: BeginQuestion): Promise<BeginAnswer>;
  end(key: string, run: string, answered: boolean, answer: KeptAnswer | null): Promise<void>;
}
