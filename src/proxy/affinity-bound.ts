/**
 * Sessions that are told apart by a key of the request: bound in `SessionAffinity` at first sight, then remembered here.
 *
 * What is remembered is asked for again every so often, behind the request: that prolongs the session, and shows where
 * another isolate has moved it. Only under `sticky` do sessions move, and only there is what has not been asked for long
 * not believed any more.
 */
import type { MoveAsk, Spot } from "../affinity/binding.ts";
import { affinityShard, type AffinityForIsolates, type BindingAnswer, type SessionName } from "../affinity/messages.ts";
import { originPlace, poolPlace } from "../affinity/places.ts";
import { sessionKeyOf } from "../affinity/session-key.ts";
import { RENEW_AFTER, type Session } from "../affinity/session.ts";
import { nameDigest } from "../config/digest.ts";
import type { Bindings } from "../config/secret.ts";
import type { SteeringConfig } from "../config/steering.ts";
import { KeyMemory } from "../rate-limit/key-memory.ts";
import type { PoolState } from "../steering/availability.ts";
import { nextCandidate, type Candidate } from "../steering/candidates.ts";
import { hashText } from "../steering/hash.ts";
import type { Picker, SteerRequest } from "../steering/policy.ts";
import { rendezvous } from "../steering/rendezvous.ts";
import { SESSION_COUNTERS } from "../telemetry/service-counters.ts";
import { within } from "../within.ts";
import type { ServiceAffinity } from "./affinity.ts";
import type { Exchange } from "./exchange.ts";
import { newSessionId } from "./session-id.ts";

/** Sessions an isolate remembers, for each service; about 0.5 KiB each. */
const MOST_REMEMBERED = 10_000;

/** Under `sticky`, how long what is remembered goes unasked, ms. */
const STICKY_REFRESH_MS = 30_000;

/** A first request is not kept waiting longer than this, ms. */
const GIVE_UP_MS = 1_000;

/** An object that did not answer is left alone for so long, ms. */
const AWAY_MS = 1_000;

interface Remembered {
  session: Session;
  spot: Spot;
  askedMs: number;
  asking: boolean;
}

/** `fallback`: the object could not be asked; the request goes where the session would have been bound. */
export interface Recalled {
  readonly session: Session | null;
  readonly fallback: Candidate | null;
}

const NOBODY: Recalled = { session: null, fallback: null };

type Namespace = { getByName(name: string): AffinityForIsolates };

export class BoundSessions {
  readonly #scope: string;
  readonly #source: string;
  readonly #affinity: ServiceAffinity;
  readonly #namespace: Namespace;
  readonly #remembered = new KeyMemory<Remembered>(MOST_REMEMBERED);
  readonly #pickers = new WeakMap<PoolState, Picker>();
  readonly #refreshMs: number;
  #awayUntilMs = 0;

  /** @throws Error when the binding of the Durable Object is missing */
  constructor(scope: string, source: string, affinity: ServiceAffinity, bindings: Bindings) {
    const namespace = bindings["SESSION_AFFINITY"];
    if (namespace === undefined)
      throw new Error("Expected the binding `SESSION_AFFINITY` in wrangler.toml, got nothing");
    this.#namespace = namespace as Namespace;
    this.#scope = scope;
    this.#source = source;
    this.#affinity = affinity;
    const { idleSeconds, onUnavailable } = affinity.config;
    const renewMs = idleSeconds * 1000 * RENEW_AFTER;
    this.#refreshMs = onUnavailable === "sticky" ? Math.min(renewMs, STICKY_REFRESH_MS) : renewMs;
  }

  recall(exchange: Exchange): Recalled | Promise<Recalled> {
    const key = this.#keyOf(exchange);
    if (key === null) return NOBODY;
    const nowMs = Date.now();
    const known = this.#remembered.peek(key);
    if (known === undefined) return this.#ask(exchange, key, null, nowMs);
    this.#remembered.use(key, () => known);
    if (!this.#affinity.lives(known.session, exchange, nowMs)) return this.#ask(exchange, key, known.session, nowMs);
    const unaskedMs = nowMs - known.askedMs;
    const isDoubtful = this.#affinity.config.onUnavailable === "sticky" && unaskedMs >= 2 * this.#refreshMs;
    if (isDoubtful) return this.#ask(exchange, key, null, nowMs);
    if (unaskedMs >= this.#refreshMs && !known.asking) {
      known.asking = true;
      exchange.context.waitUntil(this.#ask(exchange, key, null, nowMs).finally(() => (known.asking = false)));
    }
    return { session: known.session, fallback: null };
  }

  /** A session was served elsewhere and is at home there now: written behind. If another was first, that stands. */
  moved(exchange: Exchange, before: Session, after: Session, { pool, origin }: Candidate): void {
    const key = this.#keyOf(exchange);
    const known = key === null ? undefined : this.#remembered.peek(key);
    if (key === null || known === undefined || known.session.id !== before.id) return;
    const { id } = before;
    const to: Spot = { pool: pool.id, origin: this.#affinity.config.scope === "pool" ? null : origin.id };
    const ask: MoveAsk = { id, service: this.#affinity.service, from: known.spot, to };
    known.session = after;
    known.spot = to;
    exchange.context.waitUntil(this.#move(key, ask));
  }

  #keyOf({ headers, target, fields }: Exchange): string | null {
    return sessionKeyOf(this.#source, { headers, target, clientAddress: fields.clientAddress });
  }

  async #move(key: string, ask: MoveAsk): Promise<void> {
    try {
      const name = await this.#nameOf(key);
      const answer = await this.#objectOf(name).move(name.hash, ask);
      if (answer === null) this.#remembered.delete(key);
      else this.#remember(key, answer, Date.now());
    } catch {
      // It is tried again when the session is next served away from where the object has it.
      this.#remembered.delete(key);
    }
  }

  /** @param ended what was remembered and lives no more: if the object still has it, a new session takes its place */
  async #ask(exchange: Exchange, key: string, ended: Session | null, nowMs: number): Promise<Recalled> {
    const { view, service } = exchange;
    const candidates = this.#proposals(exchange, key);
    if (candidates.length === 0) return NOBODY;
    const fallback = { session: null, fallback: candidates[0]! };
    if (nowMs < this.#awayUntilMs) return fallback;
    const { ttlSeconds, idleSeconds, sliding } = this.#affinity.config;
    const lifetime = { ttlSeconds, idleSeconds, sliding };
    const proposals = candidates.map((candidate) => this.#spotOf(candidate));
    const epoch = view.agreed.logged.sessions.version;
    const name = await this.#nameOf(key);
    let instead = ended?.id ?? null;
    // A second round is for a session that ended elsewhere and is still kept.
    for (let round = 0; round < 2; round++) {
      const ask = {
        service: service.name,
        proposals,
        lifetime,
        epoch,
        id: newSessionId(),
        instead,
      };
      const answer = await this.#answerOf(this.#objectOf(name).bind(name, ask));
      if (answer === null) return fallback;
      const session = this.#remember(key, answer, Date.now());
      if (answer.created) view.report.count(service.name, SESSION_COUNTERS.created);
      if (this.#affinity.lives(session, exchange, Date.now())) return { session, fallback: null };
      instead = session.id;
    }
    return fallback;
  }

  /** Calls are given up after a while, and the object is then left alone for a moment. */
  async #answerOf(call: Promise<BindingAnswer>): Promise<BindingAnswer | null> {
    const answer = await within(GIVE_UP_MS, call).catch(() => null);
    if (answer === null) this.#awayUntilMs = Date.now() + AWAY_MS;
    return answer;
  }

  #remember(key: string, answer: BindingAnswer, nowMs: number): Session {
    const { id, epoch, pool, origin, ageMs, leftMs } = answer;
    const spot = { pool, origin };
    const session: Session = {
      id,
      epoch,
      issuedMs: nowMs - ageMs,
      expiresMs: nowMs + leftMs,
      places: placesOf(this.#affinity, spot),
    };
    const known = this.#remembered.use(key, () => ({ session, spot, askedMs: nowMs, asking: false }));
    Object.assign(known, { session, spot, askedMs: nowMs });
    return session;
  }

  /** Where the session would go: the service's policy chooses the pool, rendezvous hashing of the key the origin in it. */
  #proposals(exchange: Exchange, key: string): Candidate[] {
    const { state, service } = exchange;
    const keyHash = hashText(key);
    const asked: SteerRequest = { ...exchange, hashOf: () => keyHash };
    const within = (pool: PoolState) => this.#pickerOf(pool, service.config.steering);
    const best = nextCandidate(state, asked, [], Date.now(), { pool: null, within });
    if (best === null || this.#affinity.config.group === undefined) return best === null ? [] : [best];
    // The group may be bound to another pool already.
    const others = state.pools.flatMap((pool) =>
      pool === best.pool ? [] : (nextCandidate(state, asked, [], Date.now(), { pool, within }) ?? []),
    );
    return [best, ...others];
  }

  #pickerOf(pool: PoolState, steering: SteeringConfig): Picker {
    let picker = this.#pickers.get(pool);
    if (picker === undefined) {
      picker = rendezvous.prepare(pool.origins, steering, Math.random);
      this.#pickers.set(pool, picker);
    }
    return picker;
  }

  #spotOf({ pool, origin }: Candidate): Spot {
    return { pool: pool.id, origin: this.#affinity.config.scope === "pool" ? null : origin.id };
  }

  async #nameOf(key: string): Promise<SessionName> {
    return { hash: await nameDigest(`${this.#scope}\0${key}`), scope: this.#scope, key };
  }

  #objectOf({ hash }: SessionName): AffinityForIsolates {
    return this.#namespace.getByName(affinityShard(hash));
  }
}

function placesOf({ config }: ServiceAffinity, { pool, origin }: Spot): string[] {
  const own = origin === null ? [] : [originPlace(origin)];
  return config.group === undefined && config.scope === "origin" ? own : [poolPlace(pool), ...own];
}
