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

/** A session as an operator sees it. */
export interface SessionRecord extends SessionName {
  readonly binding: Binding;
}

/** What came of a shard's sessions since it began. */
export interface SessionTally {
  readonly created: number;
  readonly moved: number;
  readonly expired: number;
  readonly revoked: number;
  /** Let go although they lived, because the shard was full. */
  readonly evicted: number;
}

export interface SessionFilter {
  readonly service?: string;
  readonly origin?: string;
}

export interface SessionStatistics extends SessionTally {
  /** Sessions that live. */
  readonly active: number;
}

/** What the control plane's API asks of a shard. */
export interface AffinityForApi {
  /** Those that live, by their hash; only greater ones than `after`. */
  list(filter: SessionFilter, after: string, limit: number): Promise<SessionRecord[]>;
  find(hash: string): Promise<SessionRecord | null>;
  /** Forgets a session, if it is still this one. It has been revoked before. */
  revoke(hash: string, id: string): Promise<void>;
  /** Forgets all that the filter names. @returns how many */
  revokeAll(filter: SessionFilter): Promise<number>;
  statistics(): Promise<SessionStatistics>;
}
