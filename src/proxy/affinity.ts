/**
 * Sessions on the request path: who it is, where its home is, and what has to be written down after it was served.
 *
 * A request with a session that this isolate knows costs a look into a map. Nothing here fails a request: a session that
 * cannot be read or kept is a request without one.
 */
import { claimOf, NO_CLAIM, type Claim } from "../affinity/claim.ts";
import { isEnded } from "../affinity/ended.ts";
import { homeOf, makeAtlas, settledAt, type Atlas } from "../affinity/places.ts";
import { beginSpan, isOver, prolonged, type Session } from "../affinity/session.ts";
import { keySource, usesCookie } from "../affinity/session-key.ts";
import type { AffinityConfig } from "../config/affinity.ts";
import type { Bindings } from "../config/secret.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { Candidate } from "../steering/candidates.ts";
import { SESSION_COUNTERS, type SessionEvent } from "../telemetry/service-counters.ts";
import { BoundSessions } from "./affinity-bound.ts";
import { CookieSessions } from "./affinity-cookie.ts";
import type { Exchange } from "./exchange.ts";
import { newSessionId } from "./session-id.ts";

/** A session as it was found. */
export interface Found {
  readonly session: Session;
  /** It has to be written into a cookie again, whatever becomes of it: it has none, or one under an old key. */
  readonly unwritten: boolean;
}

export class ServiceAffinity {
  readonly config: AffinityConfig;
  readonly service: string;
  /** null: sessions of this mode have no cookie. */
  readonly cookies: CookieSessions | null;
  /** null: sessions of this mode have nothing but a cookie. */
  readonly bound: BoundSessions | null;
  readonly #atlases = new WeakMap<ServiceState, Atlas>();
  readonly #cleared = new WeakMap<Session, number>();

  /** @throws Error when the mode needs the secret `SESSION_SECRET` and it is missing or unfit */
  constructor(service: string, config: AffinityConfig, bindings: Bindings) {
    const scope = config.group === undefined ? `service:${service}` : `group:${config.group}`;
    const source = keySource(config);
    this.service = service;
    this.config = config;
    this.cookies = usesCookie(config) ? new CookieSessions(scope, config, bindings) : null;
    this.bound = source === null ? null : new BoundSessions(scope, source, this, bindings);
  }

  atlasOf(state: ServiceState): Atlas {
    let atlas = this.#atlases.get(state);
    if (atlas === undefined) this.#atlases.set(state, (atlas = makeAtlas(state)));
    return atlas;
  }

  /** Whether a session lives: its time is not over, and no operator has ended it. */
  lives(session: Session, { view }: Exchange, nowMs: number): boolean {
    if (isOver(this.config, session, nowMs)) return false;
    const rules = view.agreed.logged.sessions;
    if (rules.entries.size === 0 || this.#cleared.get(session) === rules.version) return true;
    if (isEnded(session, this.service, rules)) return false;
    this.#cleared.set(session, rules.version);
    return true;
  }
}

/** The sessions of a service, or null where it has none. */
export function openAffinity(
  service: string,
  config: AffinityConfig | undefined,
  bindings: Bindings,
): ServiceAffinity | null {
  return config === undefined || config.mode === "none" ? null : new ServiceAffinity(service, config, bindings);
}

/** One request's session. An exchange and its copies share it. */
export class SessionTurn {
  readonly #affinity: ServiceAffinity;
  #recalled = false;
  #session: Session | null = null;
  /** It names no session: the mode looks for a key and the request has none. */
  #anonymous = false;
  #unwritten = false;
  #claim: Claim = NO_CLAIM;

  constructor(affinity: ServiceAffinity) {
    this.#affinity = affinity;
  }

  /** Finds the request's session, once. @returns null when there was nothing to wait for */
  recall(exchange: Exchange): Promise<void> | null {
    if (this.#recalled) return null;
    this.#recalled = true;
    const { cookies, bound } = this.#affinity;
    const nowMs = Date.now();
    const found = cookies?.find(exchange, this.#affinity, nowMs) ?? null;
    if (found instanceof Promise) return found.then((late) => this.#found(exchange, late, bound));
    const next = this.#found(exchange, found, bound);
    return next instanceof Promise ? next : null;
  }

  #found(exchange: Exchange, found: Found | null, bound: BoundSessions | null): void | Promise<void> {
    if (found !== null) {
      this.#session = found.session;
      this.#unwritten = found.unwritten;
      return;
    }
    if (bound === null) return;
    const recalled = bound.recall(exchange);
    const take = ({ session, fallback }: Awaited<typeof recalled>) => {
      this.#session = session;
      this.#anonymous = session === null;
      // Only a mode with a cookie asks.
      this.#unwritten = session !== null;
      if (fallback !== null) this.#claim = { kind: "stay", candidate: fallback, mayLeave: true };
    };
    return recalled instanceof Promise ? recalled.then(take) : take(recalled);
  }

  /** Where the session wants the request to go. */
  claim(exchange: Exchange): Claim {
    const { config } = this.#affinity;
    if (this.#anonymous) return this.#claim;
    const session = this.#session;
    if (session === null) return (this.#claim = { kind: "free", moves: true });
    const home = homeOf(this.#affinity.atlasOf(exchange.state), session.places);
    return (this.#claim = claimOf(exchange.state, exchange, home, config, session.id, Date.now()));
  }

  /** Notes where the request was served: a new session begins there, one that moves is at home there. */
  served(exchange: Exchange, candidate: Candidate): void {
    if (this.#anonymous) return;
    const { config, cookies, bound } = this.#affinity;
    const atlas = this.#affinity.atlasOf(exchange.state);
    const nowMs = Date.now();
    const before = this.#session;
    if (before === null) {
      // Whole seconds, as a cookie carries them.
      const span = beginSpan(config, Math.floor(nowMs / 1000) * 1000);
      const epoch = exchange.view.agreed.logged.sessions.version;
      this.#session = { id: newSessionId(), epoch, places: settledAt(config, atlas, [], candidate), ...span };
      this.#unwritten = true;
      this.#count(exchange, "created");
      return;
    }
    const places = this.#moves(candidate) ? settledAt(config, atlas, before.places, candidate) : before.places;
    const moved = places !== before.places && places.join() !== before.places.join();
    const span = cookies === null ? null : prolonged(config, before, nowMs);
    if (!moved && span === null) return;
    this.#session = { ...before, ...span, places };
    this.#unwritten = true;
    if (!moved) return;
    this.#count(exchange, "moved");
    bound?.moved(exchange, before, this.#session, candidate);
  }

  /** Whether the session is at home from now on where it was served. */
  #moves({ pool, origin }: Candidate): boolean {
    const isSticky = this.#affinity.config.onUnavailable === "sticky";
    const claim = this.#claim;
    if (claim.kind === "stay") return claim.candidate.origin !== origin && isSticky;
    if (claim.kind === "within") return claim.pool === pool ? claim.moves : isSticky;
    return claim.kind === "free" && claim.moves;
  }

  /** Adds the session's cookie to an answer where the client has to hear of it. */
  dress(response: Response): Response | Promise<Response> {
    const { cookies } = this.#affinity;
    const session = this.#session;
    return cookies === null || session === null || !this.#unwritten ? response : cookies.write(response, session);
  }

  #count({ view, service }: Exchange, event: SessionEvent): void {
    view.report.count(service.name, SESSION_COUNTERS[event]);
  }
}
