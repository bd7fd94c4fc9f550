/** Answers made from stored responses (RFC 9111 section 4): whole, 304, or a range, with their age. */
import { browserCacheControl } from "../cache/browser-ttl.ts";
import { TARGETED_FIELDS } from "../cache/cache-control.ts";
import { cacheStatusText, type CacheStatus } from "../cache/cache-status.ts";
import { isNotModified } from "../cache/conditional.ts";
import { fieldOf } from "../cache/fields.ts";
import { ageMs, freshForMs, type Policy } from "../cache/freshness.ts";
import { answerRange, contentRangeText, ifRangeHolds, parseRange, type RangeAnswer } from "../cache/range.ts";
import type { StoredResponse } from "../cache/stored-response.ts";
import type { CacheRule } from "../config/cache.ts";
import { slice } from "./cache-body.ts";
import type { Derived } from "./cache-plan.ts";
import { openRelay } from "./relay.ts";

/** A stored response to be sent, its bytes at hand or streamed. */
export interface Servable {
  readonly stored: StoredResponse;
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** Bytes in the body; null when a stream does not say. */
  readonly sizeBytes: number | null;
  readonly derived: Derived;
}

/** How an answer came about. */
export interface How {
  readonly rule: CacheRule;
  readonly key: string;
  readonly nowMs: number;
  readonly requestId: string;
  /** Anything but a plain fresh hit. */
  readonly status: CacheStatus | null;
  /** Served past its time. */
  readonly stale: boolean;
}

/**
 * Works out what every hit on a stored response needs.
 *
 * @param dress what the service does to every answer's fields
 */
export function derive(stored: StoredResponse, policy: Policy, dress: (headers: Headers) => void): Derived {
  const headers = new Headers();
  for (const [name, value] of stored.fields) {
    if (name !== TARGETED_FIELDS[0]) headers.append(name, value);
  }
  dress(headers);
  return { policy, headers, ageSeconds: -1, clearedAt: stored.epoch };
}

/**
 * Answers a request from a stored response.
 *
 * @returns null when it asks for bytes that the stored part does not have
 */
export function answerFrom(request: Request, servable: Servable, how: How): Response | null {
  const { stored, body } = servable;
  const { method, headers: asked } = request;
  const headers = headersFor(servable, how);
  const ifNoneMatch = asked.get("If-None-Match");
  const ifModifiedSince = asked.get("If-Modified-Since");
  if ((ifNoneMatch !== null || ifModifiedSince !== null) && isSuccess(stored.status)) {
    const preconditions = { ifNoneMatch, ifModifiedSince };
    if (isNotModified(preconditions, stored.fields, stored.times.responseMs, how.nowMs)) {
      release(body);
      return new Response(null, { status: 304, headers: partly(headers) });
    }
  }
  if (method === "HEAD" && stored.range === null) {
    // The runtime sends no body to HEAD but takes the length from it.
    return new Response(body, { status: stored.status, statusText: stored.statusText, headers, encodeBody: "manual" });
  }
  const range = rangeOf(method, asked, servable, how.nowMs);
  switch (range.kind) {
    case "absent":
      return null;
    case "unsatisfiable": {
      release(body);
      const told = partly(headers);
      told.set("Content-Range", `bytes */${range.complete}`);
      return new Response(null, { status: 416, headers: told });
    }
    case "part": {
      const told = partly(headers);
      told.set("Content-Range", contentRangeText(range.range));
      told.set("Content-Length", String(range.length));
      return new Response(cut(body, range.offset, range.length), { status: 206, headers: told, encodeBody: "manual" });
    }
    case "whole":
      return new Response(nullBody(stored.status) ? null : body, {
        status: stored.status,
        statusText: stored.statusText,
        headers,
        encodeBody: "manual",
      });
  }
}

function rangeOf(method: string, asked: Headers, { stored, sizeBytes }: Servable, nowMs: number): RangeAnswer {
  const field = asked.get("Range");
  const ranged = field !== null && method === "GET" && (stored.status === 200 || stored.status === 206);
  const holds = ranged && sizeBytes !== null && ifRangeHolds(asked.get("If-Range"), stored.fields, nowMs);
  return answerRange(holds ? parseRange(field) : { kind: "none" }, sizeBytes ?? 0, stored.range);
}

/** The entry's own Headers for a plain hit, brought up to date; a copy for anything else. */
function headersFor({ stored, derived }: Servable, how: How): Headers {
  const { policy, headers } = derived;
  const ageSeconds = Math.floor(ageMs(policy, how.nowMs) / 1000);
  if (ageSeconds !== derived.ageSeconds) {
    derived.ageSeconds = ageSeconds;
    headers.set("Age", String(ageSeconds));
    headers.set("Cache-Status", statusText({ hit: true }, policy, how));
    const { browserTtlSeconds } = how.rule;
    if (browserTtlSeconds !== undefined) {
      headers.set(
        "Cache-Control",
        browserCacheControl(fieldOf(stored.fields, "cache-control"), browserTtlSeconds, ageSeconds),
      );
      headers.delete("Expires");
    }
  }
  if (how.status === null && !how.stale) {
    headers.set("X-Request-Id", how.requestId);
    return headers;
  }
  const told = new Headers(headers);
  told.set("X-Request-Id", how.requestId);
  told.set("Cache-Status", statusText(how.status ?? { hit: true }, policy, how));
  // Obsolete (RFC 9111 section 5.5), and still what tells an older client that this is not the latest word.
  if (how.stale) told.set("Warning", '110 - "Response is Stale"');
  return told;
}

function statusText(status: CacheStatus, policy: Policy, how: How): string {
  return cacheStatusText({ ttlSeconds: Math.floor(freshForMs(policy, how.nowMs) / 1000), key: how.key, ...status });
}

/** The fields of an answer that is not the whole: the stored length is not its own. */
function partly(headers: Headers): Headers {
  const told = new Headers(headers);
  told.delete("Content-Length");
  return told;
}

function cut(
  body: Servable["body"],
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null {
  if (body === null) return null;
  if (body instanceof Uint8Array) return body.subarray(offset, offset + length);
  return slice(body, offset, length).pipeThrough(openRelay(length));
}

function release(body: Servable["body"]): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => undefined);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Statuses that have no body (Fetch standard, null body status). */
export function nullBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
