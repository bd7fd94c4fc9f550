/** One request's turn at the cache: what the steps of it need to know. */
import { requestDirectives, type Directives } from "../cache/cache-control.ts";
import { policyOf } from "../cache/freshness.ts";
import type { CacheKey } from "../cache/key.ts";
import { purgeVerdict, type PurgeVerdict } from "../cache/purge.ts";
import type { PurgeIndex } from "../cache/purge-index.ts";
import { judgeReuse, type Reuse } from "../cache/reuse.ts";
import type { StoredResponse } from "../cache/stored-response.ts";
import type { RequestField } from "../cache/vary.ts";
import type { CacheRule } from "../config/cache.ts";
import type { CacheStatus } from "../cache/cache-status.ts";
import type { CacheEvent } from "../telemetry/service-counters.ts";
import { answerFrom, derive, type Servable } from "./cache-answer.ts";
import type { Derived, Entry, ServiceCache } from "./cache-plan.ts";
import type { Exchange } from "./exchange.ts";
import { nominatedFields } from "./fields.ts";
import type { Answer } from "./forward.ts";

export interface Turn {
  readonly exchange: Exchange;
  readonly cache: ServiceCache;
  readonly rule: CacheRule;
  readonly key: CacheKey;
  /** Reads a field of the client's request as an origin gets it. */
  readonly field: RequestField;
  /** The client's directives; none where the rule overrules it. */
  readonly wishes: Directives;
}

const NO_WISHES: Directives = { values: new Map(), qualified: new Set(), malformed: false };

/**
 * What came of it: an origin's answer or a failure, as without a cache, or an answer made here that is ready to send.
 * `event` null: not the cache's doing.
 */
export type Served = Answer | { readonly hit: Response; readonly event: CacheEvent | null };

export function turnOf(exchange: Exchange, cache: ServiceCache, rule: CacheRule): Turn {
  const { headers, place } = exchange;
  const { url } = exchange.request;
  const field = outboundField(exchange);
  return {
    exchange,
    cache,
    rule,
    field,
    key: cache.keyOf(rule)({ url, field, country: rule.key.country ? place.country || null : null }),
    wishes: wishesOf(rule, headers),
  };
}

/**
 * A field that stays on this hop has selected nothing of an answer: stored under its value, the answer to a request without it
 * would be served to those who send it on (`Connection: Origin` and an answer without CORS fields).
 */
function outboundField({ headers, fields }: Exchange): RequestField {
  const nominated = nominatedFields(fields.connection);
  if (nominated.length === 0) return (name) => headers.get(name);
  const hidden = new Set(nominated.map((name) => name.toLowerCase()));
  return (name) => (hidden.has(name.toLowerCase()) ? null : headers.get(name));
}

function wishesOf(rule: CacheRule, headers: Exchange["headers"]): Directives {
  if (rule.mode === "force") return NO_WISHES;
  const cacheControl = headers.get("Cache-Control");
  const pragma = cacheControl === null ? headers.get("Pragma") : null;
  return cacheControl === null && pragma === null ? NO_WISHES : requestDirectives(cacheControl, pragma);
}

/** The purges known at this moment; ask again after every `await`. */
export function purgesNow({ exchange, cache }: Turn): PurgeIndex {
  return cache.purges(exchange.view.agreed.logged.purges);
}

/** Whether a stored response has been purged, by this moment's view. */
export function verdictNow(
  turn: Turn,
  { stored, derived }: { stored: StoredResponse; derived: Derived },
): PurgeVerdict {
  const purges = purgesNow(turn);
  if (derived.clearedAt >= purges.head) return "fresh";
  const verdict = purgeVerdict(stored, purges, derived.clearedAt);
  if (verdict === "fresh") derived.clearedAt = purges.head;
  return verdict;
}

/** What may be done with a stored response; null when it is gone. */
export function reuseNow(turn: Turn, servable: Servable): Reuse | null {
  const verdict = verdictNow(turn, servable);
  return verdict === "hard" ? null : judgeReuse(servable.derived.policy, turn.wishes, verdict === "soft", Date.now());
}

/** Answers this turn's request; `status` null for a plain hit. */
export function answer(turn: Turn, servable: Servable, status: CacheStatus | null, stale = false): Response | null {
  return answerFrom(turn.exchange.request, servable, {
    rule: turn.rule,
    key: turn.key.target,
    nowMs: Date.now(),
    requestId: turn.exchange.requestId,
    status,
    stale,
  });
}

/** Makes what hits need of a stored response. */
export function deriveFor(turn: Turn, stored: StoredResponse): Derived {
  const { responseHeaders } = turn.exchange.service;
  return derive(stored, policyOf(stored, turn.rule), (headers) => {
    for (const name of responseHeaders.remove) headers.delete(name);
    for (const { name, value } of responseHeaders.set) headers.set(name, value);
  });
}

export function servableOf({ stored, body, derived }: Entry): Servable {
  return { stored, body, sizeBytes: body.byteLength, derived };
}

/** Lets go of a stored body nobody will read. */
export function release({ body }: { readonly body: Servable["body"] }): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
}
