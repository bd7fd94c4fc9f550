/** Which cache rule applies to a request: the first whose path, host and method fit. */
import type { CacheConfig, CacheRule } from "../config/cache.ts";

/** Finds a request's rule, or null when the cache has no say. */
export type RuleFinder = (method: string, host: string, path: string) => CacheRule | null;

const NEVER: RuleFinder = () => null;

/**
 * Compiles a service's rules once. HEAD is served from what GET stored, and an unsafe request is judged by the rule
 * its GET would have, so the method is compared by {@link cacheMethod}.
 */
export function compileRules(config: CacheConfig): RuleFinder {
  if (config.rules.length === 0) return NEVER;
  const compiled = config.rules.map((rule) => ({
    rule,
    methods: new Set<string>(rule.match.methods),
    host: hostMatcher(rule.match.hosts),
    path: anyOf(rule.match.paths.map(pathPattern)),
  }));
  return (method, host, path) =>
    compiled.find((entry) => entry.methods.has(cacheMethod(method)) && entry.host(host) && entry.path(path))?.rule ??
    null;
}

/** The method whose rule governs a request: unsafe ones touch what GET stored. */
function cacheMethod(method: string): string {
  return method === "HEAD" ? "HEAD" : "GET";
}

function pathPattern(pattern: string): (path: string) => boolean {
  if (!pattern.includes("*")) return (path) => path === pattern;
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 1 && rest[0] === "") return (path) => path.startsWith(head);
  return (path) => wildcard(pattern.split("*"), path);
}

/** Matches pieces in order, each at its first place: linear, so no pattern can make it slow. */
function wildcard(pieces: readonly string[], text: string): boolean {
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function hostMatcher(patterns: readonly string[]): (host: string) => boolean {
  if (patterns.length === 0) return () => true;
  return anyOf(
    patterns.map((pattern) => {
      const wanted = pattern.toLowerCase();
      return wanted.startsWith("*.")
        ? (host: string) => host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1
        : (host: string) => host === wanted;
    }),
  );
}

function anyOf(tests: readonly ((text: string) => boolean)[]): (text: string) => boolean {
  if (tests.length === 1) return tests[0]!;
  return (text) => tests.some((test) => test(text));
}
