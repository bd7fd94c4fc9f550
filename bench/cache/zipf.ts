/** How many origin requests the cache's key and memory save on skewed load with tracking parameters, by a virtual clock. */
import { compileKey, type KeyMaker } from "../../src/cache/key.ts";
import { MemoryStore } from "../../src/cache/memory-store.ts";
import { freshForMs, policyOf, type Policy } from "../../src/cache/freshness.ts";
import type { CacheRule } from "../../src/config/cache.ts";
import { rule, stored } from "../../test/cache/support.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

const REQUESTS = 200_000;
const KEYS = 10_000;
/** Requests a second of the virtual clock. */
const RATE = 200;
const TRACKED_SHARE = 0.2;
const BODY_BYTES = 1024;

export function measureZipf(report: Reporter, { quick }: TopicOptions): void {
  const requests = quick ? REQUESTS / 10 : REQUESTS;
  const ours = originRequests(requests, rule({ ttlSeconds: 300, key: { query: { exclude: ["utm_*"] } } }));
  const whole = originRequests(requests, rule({ ttlSeconds: 300 }));
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

/** The same load for every rule: the random numbers begin anew. */
function originRequests(requests: number, by: CacheRule): number {
  const random = seeded(42);
  const pick = zipf(random);
  const key = compileKey("bench", by.key);
  const store = new MemoryStore<Policy>(64 * 1024 * 1024, 65_536);
  let asked = 0;
  for (let n = 0; n < requests; n += 1) {
    const nowMs = (n * 1000) / RATE;
    const tracked = random() < TRACKED_SHARE ? `&utm_source=${Math.floor(random() * 1e9)}` : "";
    if (!serve(store, key, by, `https://bench.test/articles?id=${pick()}${tracked}`, nowMs)) asked += 1;
  }
  return asked;
}

function serve(store: MemoryStore<Policy>, keyOf: KeyMaker, by: CacheRule, url: string, nowMs: number): boolean {
  const key = keyOf({ url, field: () => null, country: null });
  const found = store.find(key, () => null);
  if (found !== null && freshForMs(found.derived, nowMs) > 0) return true;
  const times = { requestMs: nowMs, responseMs: nowMs };
  const answer = stored({}, { target: key.target, fields: [], times });
  store.put(key, { stored: answer, body: new Uint8Array(BODY_BYTES), derived: policyOf(answer, by) });
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
