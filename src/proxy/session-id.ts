/** How a session is named: at random, so that nobody can guess whom a revocation is about. */

/** 64 random bits in hexadecimal. */
export function newSessionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
