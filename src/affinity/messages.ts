/** What isolates and operators say to `SessionAffinity`. Times that travel are durations: clocks are never compared. */
import type { BindAsk, Binding, MoveAsk } from "./binding.ts";

/** Objects over which sessions are spread: each takes about 1,000 calls a second. */
export const AFFINITY_SHARDS = 32;

/** The name of the object that has a session. @param hash of its scope and key, in hexadecimal */
export function affinityShard(hash: string): string {
  return affinityShardName(Number.parseInt(hash.slice(0, 8), 16) % AFFINITY_SHARDS);
}

export function affinityShardName(index: number): string {
  return `sessions-${index}`;
}

/** Which session is meant. */
export interface SessionName {
  /** 128 bits of SHA-256 over scope and key, in hexadecimal. */
  readonly hash: string;
  /** `service:<name>` or `group:<name>`. */
  readonly scope: string;
  readonly key: string;
}

export interface BindingAnswer extends Pick<Binding, "id" | "epoch" | "pool"> {
  /** Of the service that asked; null: it has none there. */
  readonly origin: string | null;
  readonly created: boolean;
  /** Since it began, ms. */
  readonly ageMs: number;
  /** Until it ends, ms. */
  readonly leftMs: number;
}

export interface AffinityForIsolates {
  bind(name: SessionName, ask: BindAsk): Promise<BindingAnswer>;
  /** null: the session is no more. */
  move(hash: string, ask: MoveAsk): Promise<BindingAnswer | null>;
}
