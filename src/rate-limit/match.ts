/** Whether a limit counts a request. */

export interface MatchRules {
  readonly paths: readonly string[];
  readonly methods: readonly string[];
  readonly hosts: readonly string[];
}

export type Matcher = (method: string, host: string, path: string) => boolean;

/** @param rules patterns as the configuration has them; an empty list fits everything */
export function matcher({ paths, methods, hosts }: MatchRules): Matcher {
  const fitsPath = pathMatcher(paths);
  const fitsHost = (host: string) =>
    hosts.length === 0 ||
    hosts.some((pattern) => (pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern));
  return (method, host, path) => (methods.length === 0 || methods.includes(method)) && fitsPath(path) && fitsHost(host);
}

/** @param patterns paths, each exact or a prefix that ends in "*"; an empty list fits everything */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => true;
  return (path) =>
    patterns.some((pattern) => (pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern));
}
