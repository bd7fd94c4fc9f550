/**
 * How a session travels in a cookie: one base64url text of fixed layout, signed, that a client can read nothing from.
 *
 *     version 1 byte | issued 4 | expires 4 | epoch 4 | id 8 | names of places 8 each, 1 to 8 | HMAC-SHA-256 32
 *
 * Numbers are big-endian; times in seconds since the epoch. Decoding takes any text, throws nothing, and accepts only
 * what encoding could have made: two texts never mean the same cookie.
 */
import type { AffinityCookie } from "../config/affinity.ts";
import { fromBase64url, readHex, toBase64url, writeHex } from "./cookie-bytes.ts";
import type { Span } from "./session.ts";

const MAC_BYTES = 32;
const NAME_BYTES = 8;
const MAX_NAMES = 8;

const VERSION = 1;
const ID_AT = 13;
const NAMES_AT = 21;
const MIN_BYTES = NAMES_AT + NAME_BYTES + MAC_BYTES;
const MAX_BYTES = NAMES_AT + MAX_NAMES * NAME_BYTES + MAC_BYTES;

/** Cookies of the same name looked at in one request: more come only from somebody who plants them. */
const MOST_TWINS = 4;

/** What a cookie says, before anybody has checked who wrote it. */
export interface CookieClaims extends Span {
  /** 8 bytes in hexadecimal. */
  readonly id: string;
  readonly epoch: number;
  /** Opaque names of places, 8 bytes each in hexadecimal. */
  readonly names: readonly string[];
}

export interface DecodedCookie {
  readonly claims: CookieClaims;
  /** What is signed. */
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly mac: Uint8Array<ArrayBuffer>;
}

/** The bytes to sign. Names beyond `MAX_NAMES` are left out. */
export function encodeClaims({ issuedMs, expiresMs, epoch, id, names }: CookieClaims): Uint8Array<ArrayBuffer> {
  const kept = names.slice(0, MAX_NAMES);
  const bytes = new Uint8Array(NAMES_AT + kept.length * NAME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint32(1, Math.floor(issuedMs / 1000));
  view.setUint32(5, Math.floor(expiresMs / 1000));
  view.setUint32(9, epoch);
  writeHex(bytes, ID_AT, id);
  kept.forEach((name, index) => writeHex(bytes, NAMES_AT + index * NAME_BYTES, name));
  return bytes;
}

/** The cookie's value: payload and signature in base64url. */
export function encodeCookie(payload: Uint8Array, mac: Uint8Array): string {
  const bytes = new Uint8Array(payload.length + mac.length);
  bytes.set(payload);
  bytes.set(mac, payload.length);
  return toBase64url(bytes);
}

/** Reads a cookie's value; null for everything that `encodeCookie` does not write. The signature is not checked here. */
export function decodeCookie(text: string): DecodedCookie | null {
  if (text.length > Math.ceil((MAX_BYTES * 4) / 3)) return null;
  const bytes = fromBase64url(text);
  if (bytes === null) return null;
  const { length } = bytes;
  if (length < MIN_BYTES || (length - MIN_BYTES) % NAME_BYTES !== 0 || bytes[0] !== VERSION) return null;
  const view = new DataView(bytes.buffer);
  const macAt = length - MAC_BYTES;
  const names: string[] = [];
  for (let at = NAMES_AT; at < macAt; at += NAME_BYTES) names.push(readHex(bytes, at));
  return {
    claims: {
      issuedMs: view.getUint32(1) * 1000,
      expiresMs: view.getUint32(5) * 1000,
      epoch: view.getUint32(9),
      id: readHex(bytes, ID_AT),
      names,
    },
    payload: bytes.subarray(0, macAt),
    mac: bytes.subarray(macAt),
  };
}

/**
 * The values of a cookie in a `Cookie` field (RFC 6265 section 4.2), in order, the first few where it is there often. Of two
 * such fields (RFC 9113 section 8.2.3) the runtime makes one, with a comma and a space between them.
 */
export function cookieValues(field: string | null, name: string): string[] {
  const values: string[] = [];
  if (field === null) return values;
  let from = 0;
  while (values.length < MOST_TWINS) {
    const at = field.indexOf(`${name}=`, from);
    if (at === -1) break;
    const end = pairEnd(field, at);
    const before = at === 0 ? ";" : field[at - 1];
    if (before === ";" || (before === " " && isPairStart(field, at - 1)))
      values.push(field.slice(at + name.length + 1, end === -1 ? undefined : end).trim());
    if (end === -1) break;
    from = end + 1;
  }
  return values;
}

/** Where the pair ends that begins at a place in the field; -1: with the field. */
function pairEnd(field: string, at: number): number {
  const semicolon = field.indexOf(";", at);
  const comma = field.indexOf(", ", at);
  return comma !== -1 && (semicolon === -1 || comma < semicolon) ? comma : semicolon;
}

/** Whether only spaces lie between a place in the field and the pair before it. */
function isPairStart(field: string, at: number): boolean {
  let index = at;
  while (index >= 0 && field[index] === " ") index--;
  return index < 0 || field[index] === ";" || field[index] === ",";
}

/** A `Set-Cookie` field (RFC 6265 section 4.1). `HttpOnly`: no script has any business with it. */
export function setCookieField(cookie: AffinityCookie, value: string, maxAgeSeconds: number): string {
  let field = `${cookie.name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${cookie.sameSite}`;
  if (cookie.secure) field += "; Secure";
  if (cookie.domain !== undefined) field += `; Domain=${cookie.domain}`;
  if (cookie.partitioned) field += "; Partitioned";
  return field;
}
