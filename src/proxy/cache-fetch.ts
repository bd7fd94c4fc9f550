/** Asks the origin on the cache's behalf, and stores what comes if it may be stored. */
import type { ForwardReason } from "../cache/cache-status.ts";
import { controlOf } from "../cache/cache-control.ts";
import { fieldOf, storableFields, type FieldPairs } from "../cache/fields.ts";
import { hasOtherCookies } from "../cache/key.ts";
import { isNotModified } from "../cache/conditional.ts";
import { locatesTarget } from "../cache/invalidation.ts";
import { parseContentRange } from "../cache/range.ts";
import { isServerError, mayServeOnError } from "../cache/reuse.ts";
import { refusal, type AskedWith, type Refusal } from "../cache/storable.ts";
import type { StoredResponse } from "../cache/stored-response.ts";
import { tagsOf } from "../cache/tags.ts";
import { confirmedBy, updated } from "../cache/update.ts";
import { selectionOf, varyNames } from "../cache/vary.ts";
import { discard } from "./attempt.ts";
import { bodyLengthOf } from "./body-length.ts";
import { nullBody, type Servable } from "./cache-answer.ts";
import { clientsExchange, wholeExchange } from "./cache-origin.ts";
import type { Entry } from "./cache-plan.ts";
import type { Landing } from "./cache-flights.ts";
import { keep, storeWhilePassing } from "./cache-keep.ts";
import { passedOn } from "./cache-passed.ts";
import { answer, deriveFor, purgesNow, release, servableOf, verdictNow, type Served, type Turn } from "./cache-turn.ts";
import type { Exchange } from "./exchange.ts";
import { forward } from "./forward.ts";

/** What a fetch gives its requester, and later those who wait. */
export interface Fetched {
  readonly served: Served;
  readonly landing: Promise<Landing<Entry>>;
}

/** What is asked for and with what in hand. */
export interface Errand {
  readonly reason: ForwardReason;
  /** What is stored and no longer good without the origin's word. */
  readonly candidate: Servable | null;
  /** Variants the request does not select, which the origin may name by their entity tags. */
  readonly others: readonly Servable[];
  /** Nobody reads the answer. */
  readonly background: boolean;
  /** Leave the client's own conditions out, although nothing is stored to validate. */
  readonly whole?: boolean;
}

/** Asks the origin. Never rejects with anything but what the attempts reject with. */
export async function fetchAndStore(turn: Turn, exchange: Exchange, errand: Errand): Promise<Fetched> {
  const { candidate, others } = errand;
  const epoch = purgesNow(turn).head;
  const validating = candidate === null ? others : [candidate];
  const isOwn = candidate !== null || others.length > 0 || errand.background || errand.whole === true;
  const asking = isOwn
    ? wholeExchange(
        exchange,
        validating.map(({ stored }) => stored),
      )
    : clientsExchange(exchange);
  const asked = asking.request.headers;
  const isConditional = isOwn && (asked.has("If-None-Match") || asked.has("If-Modified-Since"));
  const requestMs = Date.now();
  const came = await forward(asking);
  const times = { requestMs, responseMs: Date.now() };

  if ("failure" in came) {
    const stale = staleAnswer(turn, candidate, undefined);
    if (stale !== null) return { served: { hit: stale, event: "stale-if-error" }, landing: unshared() };
    return { served: came, landing: Promise.resolve({ kind: "failed", failure: came.failure }) };
  }
  const { response } = came;
  if (isServerError(response.status)) {
    const stale = staleAnswer(turn, candidate, response.status);
    if (stale !== null) {
      discard(response);
      return { served: { hit: stale, event: "stale-if-error" }, landing: unshared() };
    }
  }
  const news: News = { pairs: pairsOf(response.headers), times, epoch };
  if (response.status === 304 && isConditional) {
    const confirmed = confirmedBy(news.pairs, validating);
    discard(response);
    if (confirmed !== null) return validated(turn, confirmed, news, errand, response.headers);
    // The origin confirms something that is not here: ask again, for the whole.
    return fetchAndStore(turn, exchange, { ...errand, candidate: null, others: [], whole: true });
  }
  if (candidate !== null) release(candidate);
  return arrived(turn, asking, response, news, errand, isOwn);
}

interface News {
  readonly pairs: FieldPairs;
  readonly times: { readonly requestMs: number; readonly responseMs: number };
  readonly epoch: number;
}

/** The stale answer that is better than an error, if there may be one by this moment's view. */
function staleAnswer(turn: Turn, candidate: Servable | null, forwardStatus: number | undefined): Response | null {
  if (candidate === null) return null;
  const isGone = verdictNow(turn, candidate) === "hard";
  if (!mayServeOnError(candidate.derived.policy, isGone, Date.now())) return null;
  const status = { hit: false, forward: "stale", detail: "stale-if-error" } as const;
  return answer(turn, candidate, forwardStatus === undefined ? status : { ...status, forwardStatus }, true);
}

/** 304: what is stored stands, with newer fields (RFC 9111 section 4.3.4). */
async function validated(
  turn: Turn,
  confirmed: Servable,
  news: News,
  errand: Errand,
  headers: Headers,
): Promise<Fetched> {
  const { rule } = turn;
  const merged = updated(confirmed.stored, { fields: news.pairs, times: news.times, epoch: news.epoch });
  const field = (name: string) => headers.get(name);
  const told = tagsOf(rule.tagsFrom, field);
  const stored: StoredResponse = {
    ...merged,
    fields: merged.fields.filter(([name]) => !isTagField(turn, name)),
    tags: told.length > 0 ? told : merged.tags,
  };
  const derived = deriveFor(turn, stored);
  const reason = updateRefusal(turn, stored);
  const how = { hit: false, forward: errand.reason, forwardStatus: 304 } as const;
  const cookies = headers.getSetCookie();
  const withCookies = (response: Response | null) => {
    for (const cookie of cookies) response?.headers.append("Set-Cookie", cookie);
    return response;
  };
  if (confirmed.body instanceof Uint8Array) {
    const entry: Entry = { stored, body: confirmed.body, derived };
    if (reason === null) keep(turn, entry);
    const servable = servableOf(entry);
    const response = withCookies(
      answer(turn, servable, reason === null ? { ...how, stored: true } : { ...how, detail: reason }),
    );
    return {
      served: { hit: response!, event: "validated" },
      landing: reason === null ? Promise.resolve({ kind: "stored", entry }) : unshared(),
    };
  }
  // Its bytes are a stream from the store: they go back there with the new fields, and to the client on their way.
  const body = confirmed.body ?? new Blob([]).stream();
  if (reason !== null || errand.background) {
    if (reason === null) storeWhilePassing(turn, stored, derived, body, null, null);
    const servable = { stored, body: reason === null ? null : body, sizeBytes: null, derived };
    return {
      served: {
        hit: withCookies(answer(turn, servable, { ...how, ...(reason === null ? {} : { detail: reason }) }))!,
        event: "validated",
      },
      landing: unshared(),
    };
  }
  const { readable, landing } = storeWhilePassing(turn, stored, derived, body, confirmed.sizeBytes, "client");
  const response = withCookies(
    answer(turn, { stored, body: readable, sizeBytes: null, derived }, { ...how, stored: true }),
  );
  return { served: { hit: response!, event: "validated" }, landing };
}

/** Anything but a confirmation: stored if it may be, and passed on as it comes. */
function arrived(
  turn: Turn,
  exchange: Exchange,
  response: Response,
  news: News,
  errand: Errand,
  isOwn: boolean,
): Fetched {
  const { rule, field, cache, key } = turn;
  const { request } = exchange;
  const read = (name: string) => response.headers.get(name);
  const asked = askedWith(turn, request, read);
  const wanted = varyNames(read("vary"));
  const reason = refusal(asked, response.status, read, rule, news.times.responseMs);
  const isPart = response.status === 206;
  const length = bodyLengthOf(response);
  const fits = length !== null && length <= cache.config.memory.maxObjectBytes;
  if (reason !== null || wanted === "*" || (isPart && !fits)) {
    if (errand.background) discard(response);
    return passed(turn, response, errand, reason ?? (isPart ? "partial" : "vary"));
  }
  const stored: StoredResponse = {
    target: key.target,
    status: response.status,
    statusText: response.statusText,
    fields: keptFields(turn, news, read),
    times: news.times,
    initialAge: read("age"),
    epoch: news.epoch,
    tags: tagsOf(rule.tagsFrom, read),
    selection: selectionOf(wanted, field),
    range: isPart ? parseContentRange(read("content-range")) : null,
    authorized: asked.authorized,
    cookied: asked.cookied,
  };
  const derived = deriveFor(turn, stored);
  const told = { hit: false, forward: errand.reason, stored: true } as const;
  if (response.body === null || nullBody(response.status)) {
    const entry: Entry = { stored, body: new Uint8Array(0), derived };
    keep(turn, entry);
    return {
      served: { response: passedOn(turn, response, null, told, derived) },
      landing: Promise.resolve({ kind: "stored", entry }),
    };
  }
  // The cache asked without the client's conditions; they are met now, or not.
  const isKnown = isOwn && clientHas(turn, stored);
  const sink = errand.background || isKnown ? null : "client";
  const { readable, landing } = storeWhilePassing(turn, stored, derived, response.body, length, sink);
  if (isKnown) {
    const servable = { stored, body: null, sizeBytes: null, derived };
    const hit = answer(turn, servable, { ...told, forwardStatus: response.status })!;
    return { served: { hit, event: "miss" }, landing };
  }
  return { served: { response: passedOn(turn, response, readable, told, derived) }, landing };
}

/** Not stored: for this client alone. */
function passed(turn: Turn, response: Response, errand: Errand, reason: Refusal): Fetched {
  const told = { hit: false, forward: errand.reason, detail: reason } as const;
  return { served: { response: passedOn(turn, response, response.body, told, null) }, landing: unshared() };
}

function unshared(): Promise<Landing<Entry>> {
  return Promise.resolve({ kind: "unshared" });
}

function clientHas(turn: Turn, stored: StoredResponse): boolean {
  const preconditions = { ifNoneMatch: turn.field("if-none-match"), ifModifiedSince: turn.field("if-modified-since") };
  if (preconditions.ifNoneMatch === null && preconditions.ifModifiedSince === null) return false;
  return stored.status === 200 && isNotModified(preconditions, stored.fields, stored.times.responseMs, Date.now());
}

/** Why a stored answer to GET may not be kept with the newer fields it has now; null: it may. */
export function updateRefusal(turn: Turn, { status, fields, times }: StoredResponse): Refusal | null {
  const asked = { ...askedWith(turn, turn.exchange.request), method: "GET" };
  return refusal(asked, status, (name) => fieldOf(fields, name), turn.rule, times.responseMs);
}

/** How the request looks to the rules of storing. */
function askedWith(turn: Turn, request: Request, responseField?: (name: string) => string | null): AskedWith {
  return {
    method: request.method,
    authorized: turn.field("authorization") !== null,
    cookied: hasOtherCookies(turn.field("cookie"), turn.rule.key, turn.exchange.service.affinity?.cookies?.name),
    noStore: turn.wishes.values.has("no-store"),
    locatesTarget: locatesTarget(request.url, responseField?.("content-location") ?? null),
  };
}

function keptFields(turn: Turn, news: News, read: (name: string) => string | null): FieldPairs {
  const fields = storableFields(
    news.pairs,
    controlOf(read).qualified,
    new Set(turn.rule.tagsFrom.map((name) => name.toLowerCase())),
  );
  // RFC 9110 section 6.6.1: an undated response is dated when it is received.
  if (fieldOf(fields, "date") === null) fields.push(["date", new Date(news.times.responseMs).toUTCString()]);
  return fields;
}

function isTagField(turn: Turn, name: string): boolean {
  return turn.rule.tagsFrom.some((field) => field.toLowerCase() === name);
}

function pairsOf(headers: Headers): FieldPairs {
  return [...headers];
}
