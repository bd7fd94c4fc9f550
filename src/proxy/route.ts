/** Which service a request belongs to, by host and path. */

/** What is needed of a service to route to it. */
export interface Routable {
  readonly config: { readonly hosts: readonly string[]; readonly paths: readonly string[] };
}

/**
 * @param host lower case, without port
 * @param path as `comparablePath` gives it
 */
export type Router<S> = (host: string, path: string) => S | null;

interface Entry<S> {
  /** The pattern without its final `*`. */
  readonly prefix: string;
  readonly exact: boolean;
  readonly service: S;
}

/**
 * Prepares the routing of a deployment: an exact host before `*.suffix` (the longest first) before `*`; within a host
 * the longest matching path wins, an exact path before a pattern of the same length. A host whose paths do not match
 * falls through to the next, less specific one.
 */
export function makeRouter<S extends Routable>(services: readonly S[]): Router<S> {
  const byHost = new Map<string, Entry<S>[]>();
  for (const service of services) {
    for (const host of service.config.hosts) {
      const entries = byHost.get(host) ?? [];
      for (const path of service.config.paths) {
        const exact = !path.endsWith("*");
        entries.push({ prefix: exact ? path : path.slice(0, -1), exact, service });
      }
      byHost.set(host, entries);
    }
  }
  for (const entries of byHost.values()) {
    entries.sort((a, b) => b.prefix.length - a.prefix.length || Number(b.exact) - Number(a.exact));
  }
  const suffixes = [...byHost.keys()].filter((host) => host.startsWith("*.")).toSorted((a, b) => b.length - a.length);

  return (host, path) => {
    const exact = match(byHost.get(host), path);
    if (exact !== null) return exact;
    for (const suffix of suffixes) {
      const service = host.endsWith(suffix.slice(1)) ? match(byHost.get(suffix), path) : null;
      if (service !== null) return service;
    }
    return match(byHost.get("*"), path);
  };
}

function match<S>(entries: readonly Entry<S>[] | undefined, path: string): S | null {
  if (entries === undefined) return null;
  for (const entry of entries) {
    if (entry.exact ? path === entry.prefix : path.startsWith(entry.prefix)) return entry.service;
  }
  return null;
}

/** True for a host that one of the patterns names: exact, or `*.suffix`. */
export function hostMatches(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => (pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : pattern === host));
}
