/** A request's way through the cache: served from the store, or forwarded and stored (RFC 9111). */
import { isUnsafe, invalidatedUrls } from "../cache/invalidation.ts";
import { fieldOf } from "../cache/fields.ts";
import { isServerError, mayServeOnError } from "../cache/reuse.ts";
import { describesSame, updated } from "../cache/update.ts";
import { selectionOf, selectionText, selects } from "../cache/vary.ts";
import type { CacheRule } from "../config/cache.ts";
import { addressOf } from "./address.ts";
import type { Servable } from "./cache-answer.ts";
import { fetchAndStore, updateRefusal, type Errand, type Fetched } from "./cache-fetch.ts";
import { keep } from "./cache-keep.ts";
import { purgeRequest } from "./cache-purge-method.ts";
import { backgroundExchange, isPartialOrConditional } from "./cache-origin.ts";
import type { Entry, ServiceCache } from "./cache-plan.ts";
import type { Landing } from "./cache-flights.ts";
import {
  answer,
  deriveFor,
  purgesNow,
  release,
  reuseNow,
  servableOf,
  turnOf,
  verdictNow,
  type Served,
  type Turn,
} from "./cache-turn.ts";
import { mayServeStored } from "./cache-view.ts";
import { discard } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import { forward } from "./forward.ts";
import { isWebSocket } from "./request.ts";
import { CACHE_COUNTERS, type CacheEvent } from "../telemetry/service-counters.ts";

/** A fetch with nothing in hand. */
const UNAIDED: Errand = { reason: "uri-miss", candidate: null, others: [], background: false };

/** Serves an exchange through its service's cache; without a rule for it, forwards it. */
export function throughCache(exchange: Exchange): Promise<Served> {
  const { cache } = exchange.service;
  const rule = cache?.ruleFor(exchange.method, exchange.host, exchange.path) ?? null;
  if (cache === null || rule === null || rule.mode === "bypass" || isWebSocket(exchange)) return forward(exchange);
  return underRule(exchange, cache, rule);
}

async function underRule(exchange: Exchange, cache: ServiceCache, rule: CacheRule): Promise<Served> {
  const { request, method } = exchange;
  const { controlPlane } = exchange.gateway;
  if (method === "PURGE" && cache.config.purgeMethod && controlPlane !== null && URL.canParse(request.url))
    return { hit: await controlPlane(purgeRequest(request), exchange.context), event: null };
  if (isUnsafe(method)) return write(exchange, cache, rule);
  if ((method !== "GET" && method !== "HEAD") || request.body !== null) return forward(exchange);
  if (rule.authenticated === "never" && exchange.headers.get("Authorization") !== null) return forward(exchange);
  const served = await read(turnOf(exchange, cache, rule));
  count(exchange, "hit" in served ? served.event : "miss");
  return served;
}

function count({ view, service }: Exchange, event: CacheEvent | null): void {
  if (event !== null) view.report.count(service.name, CACHE_COUNTERS[event]);
}

async function read(turn: Turn): Promise<Served> {
  const { exchange, cache, wishes } = turn;
  if (wishes.values.has("no-store")) return (await alone(turn, null, "request")).served;
  const leased = mayServeStored(exchange, cache.config.withoutLease);
  const mayServe = leased === true || (await leased);
  let found: Servable | null = null;
  if (mayServe) {
    const entry = cache.memory.find(turn.key, turn.field);
    found = entry === null ? null : servableOf(entry);
    const served = serve(turn, found) ?? servePart(turn);
    if (served !== null) return served;
    // Another isolate of this place may have fetched it meanwhile; who waits for a fetch need not look.
    if (!cache.flights.isUnderWay(flightKey(turn, found))) {
      found = await better(turn, found);
      const servedNow = serve(turn, found) ?? serve(turn, newest(turn, found));
      if (servedNow !== null) return servedNow;
    }
  }
  if (wishes.values.has("only-if-cached")) return { failure: { kind: "not-cached" } };
  const candidate = found !== null && verdictNow(turn, found) !== "hard" ? found : null;
  if (candidate === null && found !== null) release(found);
  if (exchange.request.method === "HEAD") return head(turn, candidate);
  // Without a lease even an answer that another request waits for may have been purged without word of it.
  return mayServe ? collapsed(turn, candidate) : (await fetchAndStore(turn, exchange, UNAIDED)).served;
}

/** Serves a stored response if it may be served without waiting for the origin. */
function serve(turn: Turn, found: Servable | null): Served | null {
  if (found === null) return null;
  const reuse = reuseNow(turn, found);
  if (reuse === null || reuse.kind === "validate") return null;
  const isStale = reuse.kind === "serve-and-refresh" || reuse.stale;
  const hit = answer(turn, found, null, isStale);
  if (hit === null) return null;
  if (reuse.kind === "serve-and-refresh") refresh(turn, found);
  return { hit, event: isStale ? "stale" : "hit" };
}

/** Serves a range from a stored part. */
function servePart(turn: Turn): Served | null {
  if (turn.exchange.request.method !== "GET" || turn.field("range") === null) return null;
  for (const part of turn.cache.memory.parts(turn.key, turn.field)) {
    const served = serve(turn, servableOf(part));
    if (served !== null) return served;
  }
  return null;
}

/** The later one of what is in memory and what the data centre has. */
async function better(turn: Turn, found: Servable | null): Promise<Servable | null> {
  const { cache, key, field } = turn;
  const stream = await cache.edge.find(key, field);
  if (stream === null) return found;
  if (found !== null && found.stored.times.responseMs >= stream.stored.times.responseMs) {
    release(stream);
    return found;
  }
  const derived = deriveFor(turn, stream.stored);
  const { sizeBytes } = stream;
  if (sizeBytes === null || sizeBytes > cache.config.memory.maxObjectBytes) return { ...stream, derived };
  const body = stream.body === null ? new Uint8Array(0) : await bytesOf(stream.body);
  if (body === null) return found;
  const entry: Entry = { stored: stream.stored, body, derived };
  cache.memory.put(key, entry);
  return servableOf(entry);
}

/** What has come into memory while this request waited, if it is something else. */
function newest(turn: Turn, found: Servable | null): Servable | null {
  const entry = turn.cache.memory.find(turn.key, turn.field);
  return entry === null || entry.stored === found?.stored ? null : servableOf(entry);
}

/** Refreshes a stale answer that is being served (RFC 5861 section 3), once however many are served meanwhile. */
function refresh(turn: Turn, found: Servable): void {
  const { exchange, cache } = turn;
  const key = flightKey(turn, found);
  const land = cache.flights.begin(key, Date.now());
  if (land === null) return;
  // A stream is being read by the client: the refresh asks for the whole.
  const candidate = found.body instanceof Uint8Array ? found : null;
  const errand: Errand = { reason: "stale", candidate, others: [], background: true };
  exchange.context.waitUntil(
    fetchAndStore(turn, backgroundExchange(exchange), errand)
      .then(async ({ landing }) => land(await landing))
      .catch(() => land({ kind: "unshared" })),
  );
}

/** Fetches with everybody who asks for the same, as far as the answer can be shared. */
async function collapsed(turn: Turn, candidate: Servable | null): Promise<Served> {
  const { cache, exchange, wishes } = turn;
  const { flights } = cache;
  const insists = wishes.values.has("no-cache") || wishes.values.has("max-age");
  const mayLead = candidate !== null || !isPartialOrConditional(exchange.request.headers);
  const reason = candidate === null ? (hasVariants(turn) ? "vary-miss" : "uri-miss") : insists ? "request" : "stale";
  // A second round is for those whose request the first answer does not fit: its `Vary` is known by then.
  for (let round = 0; round < 3; round += 1) {
    const key = flightKey(turn, candidate);
    if (!cache.config.collapse || insists || flights.isUnshared(key, Date.now())) break;
    const land = mayLead ? flights.begin(key, Date.now()) : null;
    if (land !== null) return lead(turn, candidate, reason, key, land);
    if (!flights.isUnderWay(key)) break;
    const landing = (await flights.wait(key, timeLeftMs(exchange))) as Landing<Entry> | null;
    const served = follow(turn, candidate, landing);
    if (served !== null) return served;
    if (landing?.kind !== "stored") break;
  }
  return (await alone(turn, candidate, reason)).served;
}

async function lead(
  turn: Turn,
  candidate: Servable | null,
  reason: Errand["reason"],
  key: string,
  land: (landing: Landing<Entry>) => void,
): Promise<Served> {
  const { flights } = turn.cache;
  try {
    const { served, landing } = await alone(turn, candidate, reason);
    turn.exchange.context.waitUntil(
      (async () => {
        const landed = await landing;
        if (landed.kind === "unshared" && !isError(served)) flights.markUnshared(key, Date.now());
        land(landed);
      })(),
    );
    return served;
  } catch (error) {
    land({ kind: "unshared" });
    throw error;
  }
}

/** What a request that waited makes of the answer, by its own view; null: it has to ask for itself. */
function follow(turn: Turn, candidate: Servable | null, landing: Landing<Entry> | null): Served | null {
  if (landing === null || landing.kind === "unshared") return null;
  if (landing.kind === "failed") {
    const isGood =
      candidate !== null &&
      mayServeOnError(candidate.derived.policy, verdictNow(turn, candidate) === "hard", Date.now());
    const stale = isGood
      ? answer(turn, candidate, { hit: false, forward: "stale", detail: "stale-if-error", collapsed: true }, true)
      : null;
    return stale === null ? { failure: landing.failure } : { hit: stale, event: "stale-if-error" };
  }
  const { entry } = landing;
  if (!selects(entry.stored.selection, fieldOf(entry.stored.fields, "content-language"), turn.field)) return null;
  if (verdictNow(turn, entry) !== "fresh") return null;
  const servable = servableOf(entry);
  if (reuseNow(turn, servable)?.kind !== "serve") return null;
  const hit = answer(turn, servable, {
    hit: false,
    forward: candidate === null ? "uri-miss" : "stale",
    collapsed: true,
  });
  return hit === null ? null : { hit, event: "collapsed" };
}

/** Asks the origin for this request alone. */
function alone(turn: Turn, candidate: Servable | null, reason: Errand["reason"]): Promise<Fetched> {
  const others = candidate === null ? namedOthers(turn) : [];
  return fetchAndStore(turn, turn.exchange, { reason, candidate, others, background: false });
}

/** Stored variants with entity tags that this request does not select: the origin may say that one of them is right. */
function namedOthers(turn: Turn): Servable[] {
  if (isPartialOrConditional(turn.exchange.request.headers) || turn.wishes.values.has("no-store")) return [];
  return turn.cache.memory
    .variants(turn.key)
    .filter(
      (entry) =>
        entry.stored.range === null &&
        fieldOf(entry.stored.fields, "etag") !== null &&
        verdictNow(turn, entry) !== "hard",
    )
    .slice(0, 4)
    .map(servableOf);
}

/** HEAD is not collapsed and brings no body, but its answer says whether the stored one is still right. */
async function head(turn: Turn, candidate: Servable | null): Promise<Served> {
  const { exchange, cache, key } = turn;
  const epoch = purgesNow(turn).head;
  const requestMs = Date.now();
  const came = await forward(exchange);
  if (candidate === null) return came;
  const status = "response" in came ? came.response.status : null;
  if (status === null || isServerError(status)) {
    if (!mayServeOnError(candidate.derived.policy, verdictNow(turn, candidate) === "hard", Date.now())) return came;
    const stale = answer(turn, candidate, { hit: false, forward: "stale", detail: "stale-if-error" }, true);
    if (stale === null) return came;
    if ("response" in came) discard(came.response);
    return { hit: stale, event: "stale-if-error" };
  }
  if (!("response" in came) || status !== 200) return came;
  const fields = [...came.response.headers];
  if (!describesSame(fields, candidate.stored.fields)) {
    release(candidate);
    await forget(cache, key);
    return came;
  }
  const news = { fields, times: { requestMs, responseMs: Date.now() }, epoch };
  const stored = updated(candidate.stored, news);
  if (!(candidate.body instanceof Uint8Array) || updateRefusal(turn, stored) !== null) {
    release(candidate);
    return came;
  }
  const entry: Entry = { stored, body: candidate.body, derived: deriveFor(turn, stored) };
  keep(turn, entry);
  const hit = answer(turn, servableOf(entry), { hit: false, forward: "stale", forwardStatus: 200, stored: true });
  return hit === null ? came : { hit, event: "validated" };
}

/** A write: what it changed is dropped before its answer goes out (RFC 9111 section 4.4). */
async function write(exchange: Exchange, cache: ServiceCache, rule: CacheRule): Promise<Served> {
  const { request } = exchange;
  const turn = turnOf(exchange, cache, rule);
  // Only an answer to POST may be kept, for later GETs (RFC 9110 section 9.3.3).
  const served =
    request.method === "POST"
      ? (await fetchAndStore(turn, exchange, { reason: "method", candidate: null, others: [], background: false }))
          .served
      : await forward(exchange);
  if (!("response" in served)) return served;
  const { status, headers } = served.response;
  const urls = invalidatedUrls(request.method, request.url, status, (name) => headers.get(name));
  await Promise.all(
    urls.map(async (url) => {
      const { host, path } = addressOf(url);
      const its = cache.ruleFor("GET", host, path);
      if (its !== null) await forget(cache, cache.keyOf(its)({ url, field: turn.field, country: null }));
    }),
  );
  return served;
}

async function forget(cache: ServiceCache, key: Turn["key"]): Promise<void> {
  cache.memory.drop(key);
  await cache.edge.drop(key);
}

/** Requests with the same key here wait for the same fetch. */
function flightKey(turn: Turn, candidate: Servable | null): string {
  const { key, cache, field } = turn;
  const known = candidate?.stored ?? cache.memory.variants(key)[0]?.stored;
  const names = known?.selection.map(([name]) => name) ?? [];
  return `${key.primary} ${key.extras} ${names.length === 0 ? "" : selectionText(selectionOf(names, field))}`;
}

/** Whether something is stored for the URL that this request does not select (RFC 9211 section 2.2); what was purged is not. */
function hasVariants(turn: Turn): boolean {
  const { memory } = turn.cache;
  return memory.variants(turn.key).some((entry) => entry.stored.range === null && verdictNow(turn, entry) !== "hard");
}

function timeLeftMs({ service, startedMs }: Exchange): number {
  return Math.max(1, service.config.timeouts.totalMs - (Date.now() - startedMs));
}

function isError(served: Served): boolean {
  return "failure" in served || ("response" in served && served.response.status >= 500);
}

async function bytesOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await new Response(body).arrayBuffer());
  } catch {
    return null;
  }
}
