/** What tests of the cache's rules start from. */
import type { StoredResponse } from "../../src/cache/stored-response.ts";
import { cacheSchema, type CacheConfig, type CacheRule } from "../../src/config/cache.ts";

type RuleInput = Record<string, unknown>;

export function configWith(...rules: RuleInput[]): CacheConfig {
  return cacheSchema.parse({ rules });
}

export function rule(input: RuleInput = {}): CacheRule {
  return configWith(input).rules[0]!;
}

/** Reads fields from an object of lower-case names. */
export function fields(values: Record<string, string>): (name: string) => string | null {
  return (name) => values[name] ?? null;
}

export const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

export function httpDate(offsetSeconds: number): string {
  return new Date(NOW_MS + offsetSeconds * 1000).toUTCString();
}

/** A response that arrived at {@link NOW_MS}. */
export function stored(values: Record<string, string> = {}, over: Partial<StoredResponse> = {}): StoredResponse {
  return {
    target: "a.test/x",
    status: 200,
    statusText: "OK",
    fields: Object.entries({ date: httpDate(0), ...values }),
    times: { requestMs: NOW_MS, responseMs: NOW_MS },
    initialAge: null,
    epoch: 0,
    tags: [],
    selection: [],
    range: null,
    authorized: false,
    cookied: false,
    ...over,
  };
}
