/** How many origin requests the cache's key and memory save on skewed load with tracking parameters, by a virtual clock. */
import { compileKey, type KeyMaker } from "../../src/cache/key.ts";
import { MemoryStore } from "../../src/cache/memory-store.ts";
import { freshForMs, policyOf, type Policy } from "../../src/cache/freshness.ts";
import type { StoredResponse } from "../../src/cache/stored-response.ts";
import { cacheSchema, type CacheRule } from "../../src/config/cache.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const REQUESTS = 200_000;
const KEYS = 10_000;
/** Requests a second of the virtual clock. */
const RATE = 200;
const TRACKED_SHARE = 0.2;
const BODY_BYTES = 1024;

export function measureZipf(report: Reporter, { quick }: TopicOptions): void {
  const requests = quick ? REQUESTS / 10 : REQUESTS;
  const ours = originRequests(requests, cacheRule({ query: { exclude: ["utm_*"] } }));
  const whole = originRequests(requests, cacheRule({}));
  report.note(
    `Zipf(1.0), ${requests} requests at ${RATE}/s, ${KEYS} keys, TTL 300 s, ${TRACKED_SHARE * 100} % with a random utm_source: ${ours} origin requests, ${whole} with the whole URL as the key.`,
  );
  report.figure({
    figure: "origin requests, Zipf load, against a cache on the whole URL",
    value: ours / whole,
    unit: "x",
    target: { atMost: 1 / 1.5 },
  });
}

function cacheRule(key: object): CacheRule {
  return cacheSchema.parse({ rules: [{ ttlSeconds: 300, key }] }).rules[0]!;
}

/** The same load for every rule: the random numbers begin anew. */
function originRequests(requests: number, rule: CacheRule): number {
  const random = mulberry32(42);
  const pick = zipf(random);
  const key = compileKey("bench", rule.key);
  const store = new MemoryStore<Policy>(64 * 1024 * 1024, 65_536);
  let asked = 0;
  for (let n = 0; n < requests; n += 1) {
    const nowMs = (n * 1000) / RATE;
    const tracked = random() < TRACKED_SHARE ? `&utm_source=${Math.floor(random() * 1e9)}` : "";
    if (!serve(store, key, rule, `https://bench.test/articles?id=${pick()}${tracked}`, nowMs)) asked += 1;
  }
  return asked;
}

function serve(store: MemoryStore<Policy>, keyOf: KeyMaker, rule: CacheRule, url: string, nowMs: number): boolean {
  const key = keyOf({ url, field: () => null, country: null });
  const found = store.find(key, () => null);
  if (found !== null && freshForMs(found.derived, nowMs) > 0) return true;
  const stored: StoredResponse = {
    target: key.target,
    status: 200,
    statusText: "OK",
    fields: [],
    times: { requestMs: nowMs, responseMs: nowMs },
    initialAge: null,
    epoch: 0,
    tags: [],
    selection: [],
    range: null,
    authorized: false,
    cookied: false,
  };
  store.put(key, { stored, body: new Uint8Array(BODY_BYTES), derived: policyOf(stored, rule) });
  return false;
}

/** Draws keys from 0 to KEYS - 1, the n-th with probability proportional to 1/n. */
function zipf(random: () => number): () => number {
  const sums = new Float64Array(KEYS);
  let sum = 0;
  for (let n = 0; n < KEYS; n += 1) sums[n] = sum += 1 / (n + 1);
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, KEYS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** A small generator with a seed, so that every run draws the same (mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
