/** Finds the session that an operator names: by the hash of its key, or by the value of its cookie. */
import { importKeyRing, parseKeyRing } from "../affinity/key-ring.ts";
import { affinityShard, type SessionRecord } from "../affinity/messages.ts";
import { originPlace, poolPlace } from "../affinity/places.ts";
import { open } from "../affinity/sealed-session.ts";
import { usesCookie } from "../affinity/session-key.ts";
import type { Session } from "../affinity/session.ts";
import type { AffinityConfig } from "../config/affinity.ts";
import { reached } from "./change.ts";
import { ApiProblem } from "./problem.ts";
import type { System } from "./system.ts";

/** A service with sessions. */
export interface StickyService {
  readonly name: string;
  readonly affinity: AffinityConfig;
  /** Ids. */
  readonly origins: readonly string[];
  readonly places: readonly string[];
}

export type FoundSession =
  | { readonly kind: "record"; readonly record: SessionRecord }
  | {
      readonly kind: "cookie";
      readonly session: Session;
      readonly scope: string;
      readonly services: readonly StickyService[];
    };

/** Services with sessions, as configured. */
export function stickyServices({ config }: System): StickyService[] {
  return Object.entries(config.services).flatMap(([name, { affinity, pools }]) => {
    if (affinity === undefined || affinity.mode === "none") return [];
    const origins = Object.values(pools).flatMap((pool) => pool.origins.map(({ id }) => id));
    return [{ name, affinity, origins, places: [...Object.keys(pools).map(poolPlace), ...origins.map(originPlace)] }];
  });
}

/**
 * @param name   32 hexadecimal digits, or a cookie's value
 * @param secret of cookies; undefined where none is set
 * @throws ApiProblem `not-found` for what is no session that lives
 */
export async function findSession(system: System, name: string, secret: string | undefined): Promise<FoundSession> {
  if (/^[0-9a-f]{32}$/.test(name)) {
    const record = await reached(system.sessions(affinityShard(name)).find(name));
    if (record !== null) return { kind: "record", record };
  } else if (secret !== undefined && secret !== "") {
    const ring = await importKeyRing(parseKeyRing("SESSION_SECRET", secret), crypto.subtle);
    for (const [scope, services] of byScope(stickyServices(system).filter(({ affinity }) => usesCookie(affinity)))) {
      const opened = await open(
        ring,
        scope,
        name,
        services.flatMap(({ places }) => places),
      );
      if (opened !== null && opened.session.expiresMs > system.now())
        return { kind: "cookie", session: opened.session, scope, services };
    }
  }
  throw new ApiProblem(
    "not-found",
    "There is no such session: expected the hash of one that lives, or its cookie's value.",
  );
}

function byScope(services: readonly StickyService[]): Map<string, StickyService[]> {
  const scopes = new Map<string, StickyService[]>();
  for (const service of services) {
    const { group } = service.affinity;
    const scope = group === undefined ? `service:${service.name}` : `group:${group}`;
    scopes.set(scope, [...(scopes.get(scope) ?? []), service]);
  }
  return scopes;
}
