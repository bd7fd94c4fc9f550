/**
 * The keys that sign sessions: the first of the ring signs, all of it verifies. To rotate, put a new key in front; drop
 * the old one when `ttlSeconds` have passed.
 *
 * Each key also makes the opaque names of pools and origins, so that they tell nothing to who does not have it.
 */
import { readHex } from "./cookie-bytes.ts";

/** Keys that are tried for one cookie at most. */
const MOST_KEYS = 4;

/** A key must not be guessed offline by who holds a cookie, characters. */
const MIN_KEY_LENGTH = 32;

const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

export interface RingKey {
  readonly names: PlaceNames;
  sign(context: string, payload: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  verify(context: string, payload: Uint8Array, mac: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

export type KeyRing = readonly [RingKey, ...RingKey[]];

/**
 * The keys in a secret: one, or several separated by commas, the newest first.
 *
 * @throws Error naming the secret and what is wrong with it, never its value
 */
export function parseKeyRing(name: string, secret: string): [string, ...string[]] {
  const keys = secret.split(",").map((key) => key.trim());
  const short = keys.find((key) => key.length < MIN_KEY_LENGTH);
  if (short !== undefined) {
    throw new Error(
      `Expected every key of the secret \`${name}\` to have at least ${MIN_KEY_LENGTH} characters, got one of ${short.length}`,
    );
  }
  if (keys.length > MOST_KEYS)
    throw new Error(`Expected at most ${MOST_KEYS} keys in the secret \`${name}\`, got ${keys.length}`);
  return keys as [string, ...string[]];
}

/** Imports the keys; once an isolate. */
export async function importKeyRing(keys: readonly [string, ...string[]], subtle: SubtleCrypto): Promise<KeyRing> {
  const [first, ...others] = keys;
  return [await importKey(first, subtle), ...(await Promise.all(others.map((key) => importKey(key, subtle))))];
}

async function importKey(text: string, subtle: SubtleCrypto): Promise<RingKey> {
  const key = await subtle.importKey("raw", utf8(text), HMAC, false, ["sign", "verify"]);
  const sign = async (context: string, payload: Uint8Array) =>
    new Uint8Array(await subtle.sign(HMAC, key, withContext(context, payload)));
  return {
    sign,
    verify: (context, payload, mac) => subtle.verify(HMAC, key, mac, withContext(context, payload)),
    names: new PlaceNames(async (place) => readHex(await sign("place", utf8(place)), 0)),
  };
}

/** What is signed for one purpose is no signature for another. */
function withContext(context: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = utf8(`${context}\0`);
  const bytes = new Uint8Array(prefix.length + payload.length);
  bytes.set(prefix);
  bytes.set(payload, prefix.length);
  return bytes;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

/** The opaque names of places under one key, worked out once each: 8 bytes in hexadecimal. */
class PlaceNames {
  readonly #name: (place: string) => Promise<string>;
  readonly #byPlace = new Map<string, string>();
  readonly #byName = new Map<string, string>();

  constructor(name: (place: string) => Promise<string>) {
    this.#name = name;
  }

  /** Makes the names of those places that have none yet. */
  async learn(places: Iterable<string>): Promise<void> {
    const missing = [...places].filter((place) => !this.#byPlace.has(place));
    await Promise.all(
      missing.map(async (place) => {
        const name = await this.#name(place);
        this.#byPlace.set(place, name);
        this.#byName.set(name, place);
      }),
    );
  }

  /** The name of a place that was learnt. */
  nameOf(place: string): string | undefined {
    return this.#byPlace.get(place);
  }

  /** What a name means, or undefined for one that means nothing here. */
  placeOf(name: string): string | undefined {
    return this.#byName.get(name);
  }
}
