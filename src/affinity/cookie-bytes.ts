/** Bytes as cookies write them: base64url (RFC 4648 section 5) without padding, and names in hexadecimal. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Six bits by character code; 255 for what is not in the alphabet. */
const BITS_OF = new Uint8Array(128).fill(255);
for (let bits = 0; bits < 64; bits++) BITS_OF[ALPHABET.charCodeAt(bits)] = bits;

const HEX_OF = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The bytes that `toBase64url` writes as this text; null when there are none, so that bytes have one spelling. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  const { length } = text;
  if (length % 4 === 1) return null;
  const bytes = new Uint8Array((length * 3) >> 2);
  let buffered = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < length; index++) {
    const six = BITS_OF[text.charCodeAt(index)] ?? 255;
    if (six === 255) return null;
    buffered = ((buffered << 6) | six) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = buffered >> bits;
  }
  // The last character may carry bits that no byte takes.
  return (buffered & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Eight bytes in hexadecimal. */
export function readHex(bytes: Uint8Array, at: number): string {
  let hex = "";
  for (let index = at; index < at + 8; index++) hex += HEX_OF[bytes[index]!]!;
  return hex;
}

/** Writes eight bytes given in hexadecimal. */
export function writeHex(bytes: Uint8Array, at: number, hex: string): void {
  for (let index = 0; index < 8; index++) bytes[at + index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
}
