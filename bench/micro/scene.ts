/** The configuration and the stored response that micro benches judge by. */
import { defineConfig } from "../../src/config/define.ts";
import type { StoredResponse } from "../../src/cache/stored-response.ts";

const config = defineConfig({
  services: {
    bench: {
      hosts: ["shop.test"],
      pools: { p: { region: "enam", origins: [{ id: "o", url: "http://origin.test" }] } },
      cache: { rules: [{ ttlSeconds: 300 }] },
    },
  },
});

export const benchService = config.services["bench"]!;
export const benchCacheRule = benchService.cache.rules[0]!;

export const RESPONSE_FIELDS: Readonly<Record<string, string>> = {
  "cache-control": "public, max-age=300, stale-while-revalidate=60",
  "content-type": "text/html; charset=utf-8",
  etag: '"33a64df5"',
  vary: "Accept-Encoding",
};

/** A response that came at `nowMs`, ms since the epoch. */
export function storedAt(nowMs: number): StoredResponse {
  return {
    target: "shop.test/articles/42?page=2&sort=price",
    status: 200,
    statusText: "OK",
    fields: [...Object.entries(RESPONSE_FIELDS), ["date", new Date(nowMs).toUTCString()]],
    times: { requestMs: nowMs - 20, responseMs: nowMs },
    initialAge: null,
    epoch: 0,
    tags: ["articles"],
    selection: [],
    range: null,
    authorized: false,
    cookied: false,
  };
}
