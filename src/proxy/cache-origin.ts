/** What the cache asks origins: the client's request as it is, or one of its own that validates what is stored. */
import { validationFields, wellFormedTags } from "../cache/conditional.ts";
import type { StoredResponse } from "../cache/stored-response.ts";
import type { Exchange } from "./exchange.ts";

/** A client's conditions and ranges are about its own copy; the cache answers them from what it gets. */
const CLIENTS_OWN = ["If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"];

/** Whether a request asks for something other than a whole answer. */
export function isPartialOrConditional(headers: Headers): boolean {
  return CLIENTS_OWN.some((name) => headers.has(name));
}

/** The exchange of a GET for the whole, made conditional on what is stored where that has validators. */
export function wholeExchange(exchange: Exchange, validating: readonly StoredResponse[]): Exchange {
  const headers = new Headers(exchange.request.headers);
  for (const name of CLIENTS_OWN) headers.delete(name);
  for (const [name, value] of validationFields(validating.map(({ fields }) => fields))) headers.set(name, value);
  return { ...exchange, readsBody: true, request: new Request(exchange.request.url, { method: "GET", headers }) };
}

/** The exchange of a refresh nobody waits for: with a clock and a record of its own. */
export function backgroundExchange(exchange: Exchange): Exchange {
  return { ...exchange, startedMs: Date.now(), session: null, attempts: [] };
}

/** The client's own exchange, its entity tags well-formed. */
export function clientsExchange(exchange: Exchange): Exchange {
  const tags = exchange.request.headers.get("If-None-Match");
  const wellFormed = tags === null ? null : wellFormedTags(tags);
  if (wellFormed === null || wellFormed === tags) return { ...exchange, readsBody: true };
  const request = new Request(exchange.request);
  request.headers.set("If-None-Match", wellFormed);
  return { ...exchange, readsBody: true, request };
}
