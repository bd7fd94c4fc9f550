/** Names made of content: of a configuration, and of what must not be stored or logged as it is. */
import type { Config } from "./schema.ts";

/** SHA-256 of the configuration with its defaults filled in, in hexadecimal. */
export function configDigest(config: Config): Promise<string> {
  return hexDigest(JSON.stringify(config), 32);
}

/** 128 bits of SHA-256 in hexadecimal: the name of the object that holds a key nobody should be able to read off. */
export function nameDigest(text: string): Promise<string> {
  return hexDigest(text, 16);
}

async function hexDigest(text: string, bytes: number): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest, 0, bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
