/**
 * What an operator ended of sessions: one of them, or all of an origin or a service.
 *
 * All of them end by an epoch, which is the version that brought the entry: a session says which version was known where
 * it began, and one that began under an older version is over. No clocks are compared.
 */
interface Expiring {
  /** When every session it is about has ended by itself and it can be forgotten, ms since the epoch. */
  readonly expiresAtMs: number;
}

export type SessionRule = Expiring &
  (
    | { readonly kind: "revocation"; readonly session: string }
    | { readonly kind: "affinity-epoch"; readonly origin: string }
    | { readonly kind: "affinity-epoch"; readonly service: string }
  );

/** What a rule is about. A later one about the same takes its place. */
export function sessionRuleKey(rule: SessionRule): string {
  if (rule.kind === "revocation") return revocationKey(rule.session);
  return "origin" in rule ? originEpochKey(rule.origin) : serviceEpochKey(rule.service);
}

export function revocationKey(session: string): string {
  return `revoked/${session}`;
}

export function originEpochKey(origin: string): string {
  return `origin/${origin}`;
}

export function serviceEpochKey(service: string): string {
  return `service/${service}`;
}
