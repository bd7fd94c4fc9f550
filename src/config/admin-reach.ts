/** Whether a configuration leaves a way to the control plane: services are asked before it, and may take all its hosts. */
import type { Config } from "./schema.ts";

/**
 * The services that between them take every admin host whole, by name; none while the control plane can be reached, or where no
 * host is meant to reach it. A deployment may want that. At runtime it would lock the operators out, and nobody could take it back.
 */
export function takersOfAdminHosts({ admin, services }: Pick<Config, "admin" | "services">): readonly string[] {
  const taken = Object.entries(services).flatMap(([name, { hosts, paths }]) =>
    paths.includes("/*") ? hosts.map((host) => ({ name, host })) : [],
  );
  const takers = admin.hosts.map((host) => taken.find((service) => covers(service.host, host))?.name);
  return takers.includes(undefined) ? [] : [...new Set(takers as string[])];
}

/** Whether every host that `inner` matches is one that `outer` matches. */
export function covers(outer: string, inner: string): boolean {
  return (
    outer === "*" || outer === inner || (outer.startsWith("*.") && inner.replace(/^\*/, "").endsWith(outer.slice(1)))
  );
}
