/** Sessions that a cookie carries: verified once an isolate, written when there is something new to say. */
import { cookieValues, setCookieField } from "../affinity/cookie.ts";
import { importKeyRing, parseKeyRing, type KeyRing } from "../affinity/key-ring.ts";
import { open, seal, type OpenedSession } from "../affinity/sealed-session.ts";
import type { Session } from "../affinity/session.ts";
import type { AffinityConfig } from "../config/affinity.ts";
import { secretOf, type Bindings } from "../config/secret.ts";
import { KeyMemory } from "../rate-limit/key-memory.ts";
import type { Found, ServiceAffinity } from "./affinity.ts";
import type { Exchange } from "./exchange.ts";

const SESSION_SECRET = "SESSION_SECRET";

/** Cookies an isolate remembers as verified, for each service; about 0.5 KiB each. */
const MOST_REMEMBERED = 10_000;

export class CookieSessions {
  readonly #scope: string;
  readonly #config: AffinityConfig;
  readonly #keys: readonly [string, ...string[]];
  #ring: KeyRing | null = null;
  readonly #remembered = new KeyMemory<OpenedSession>(MOST_REMEMBERED);

  /** @throws Error when the secret is missing or unfit */
  constructor(scope: string, config: AffinityConfig, bindings: Bindings) {
    this.#scope = scope;
    this.#config = config;
    this.#keys = parseKeyRing(SESSION_SECRET, secretOf(SESSION_SECRET, bindings));
  }

  /** The cookie's name. */
  get name(): string {
    return this.#config.cookie.name;
  }

  /** The session in the request's cookie, if it is one that lives. */
  find(exchange: Exchange, affinity: ServiceAffinity, nowMs: number): Found | null | Promise<Found | null> {
    const values = cookieValues(exchange.fields.cookie, this.name);
    for (const [index, value] of values.entries()) {
      const opened = this.#remembered.peek(value);
      if (opened === undefined) return this.#verify(values.slice(index), exchange, affinity, nowMs);
      this.#remembered.use(value, () => opened);
      if (affinity.lives(opened.session, exchange, nowMs)) return found(opened);
    }
    return null;
  }

  async #verify(
    values: readonly string[],
    exchange: Exchange,
    affinity: ServiceAffinity,
    nowMs: number,
  ): Promise<Found | null> {
    const ring = await this.#openRing();
    const { places } = affinity.atlasOf(exchange.state);
    for (const value of values) {
      const opened = await open(ring, this.#scope, value, places);
      if (opened === null) continue;
      // Places of which none is known here may be by tomorrow: such a cookie is read anew each time.
      if (opened.isPlaced) this.#remembered.use(value, () => opened);
      if (affinity.lives(opened.session, exchange, nowMs)) return found(opened);
    }
    return null;
  }

  /** Adds the session's cookie to an answer, which from then on is for its client only. */
  async write(response: Response, session: Session): Promise<Response> {
    const value = await seal(await this.#openRing(), this.#scope, session);
    this.#remembered.use(value, () => ({ session, isOldKey: false, isPlaced: true }));
    const maxAgeSeconds = Math.max(0, Math.ceil((session.expiresMs - Date.now()) / 1000));
    // A WebSocket's 101 comes as the origin gave it, and that cannot be written to.
    const dressed =
      response.webSocket === null
        ? response
        : new Response(null, { status: 101, headers: response.headers, webSocket: response.webSocket });
    dressed.headers.append("Set-Cookie", setCookieField(this.#config.cookie, value, maxAgeSeconds));
    const control = dressed.headers.get("Cache-Control");
    // RFC 9111 section 7.3: caches beyond this one do not leave an answer alone because it sets a cookie.
    if (control === null || !/(?:^|[\s,])(?:private|no-store)(?:$|[\s,])/i.test(control))
      dressed.headers.append("Cache-Control", "private");
    // Where a cache sees its own field it looks at no other (RFC 9213 section 2.2).
    dressed.headers.delete("CDN-Cache-Control");
    return dressed;
  }

  /** Keys are imported once; requests that come meanwhile import for themselves, since they cannot await each other. */
  async #openRing(): Promise<KeyRing> {
    const ring = this.#ring ?? (await importKeyRing(this.#keys, crypto.subtle));
    return (this.#ring ??= ring);
  }
}

function found({ session, isOldKey }: OpenedSession): Found {
  return { session, unwritten: isOldKey };
}
