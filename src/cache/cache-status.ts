/** Writes `Cache-Status` (RFC 9211): what this cache did with the request, for people and for tools. */

/** Why a request went on to the origin (RFC 9211 section 2.2). */
export type ForwardReason = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale" | "partial";

export interface CacheStatus {
  /** Answered from the store without waiting for the origin. */
  readonly hit: boolean;
  readonly forward?: ForwardReason;
  /** The origin's status, when it answered something else than the client got. */
  readonly forwardStatus?: number;
  /** Freshness left, in seconds; negative when stale. */
  readonly ttlSeconds?: number;
  readonly stored?: boolean;
  /** Waited for another request's fetch. */
  readonly collapsed?: boolean;
  readonly key?: string;
  /** A token. */
  readonly detail?: string;
}

/** Longer keys say more about the client than about the cache. */
const MAX_KEY_LENGTH = 1024;

/** The member this cache adds to the field. */
export function cacheStatusText(status: CacheStatus): string {
  let text = "Fairlead";
  if (status.hit) text += "; hit";
  if (status.forward !== undefined) text += `; fwd=${status.forward}`;
  if (status.forwardStatus !== undefined) text += `; fwd-status=${status.forwardStatus}`;
  if (status.ttlSeconds !== undefined) text += `; ttl=${status.ttlSeconds}`;
  if (status.stored === true) text += "; stored";
  if (status.collapsed === true) text += "; collapsed";
  if (status.key !== undefined && status.key.length <= MAX_KEY_LENGTH) text += `; key=${quoted(status.key)}`;
  if (status.detail !== undefined) text += `; detail=${status.detail}`;
  return text;
}

/** A string of RFC 9651 section 4.1.6; what it cannot hold is percent-encoded. */
function quoted(text: string): string {
  const ascii = /^[\x20-\x7e]*$/.test(text) ? text : encodeURI(text.toWellFormed());
  return `"${ascii.replace(/["\\]/g, "\\$&")}"`;
}
