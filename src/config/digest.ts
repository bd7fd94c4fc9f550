/** A configuration's name by its content. */
import type { Config } from "./schema.ts";

/** SHA-256 of the configuration with its defaults filled in, in hexadecimal. */
export async function configDigest(config: Config): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
