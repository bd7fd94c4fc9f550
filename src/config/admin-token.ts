/**
 * The control plane's bearer tokens: their shape, how they are stored, and how a new one is made.
 *
 * A token is 256 random bits behind a prefix, and its shape is enforced, so nothing that a person made up can ever be
 * one. That is why a plain SHA-256 is a sound way to store it: there is no dictionary to try against the hash, which is
 * what salts and slow hashes are for. One digest a request is then compared with every stored one, in constant time.
 */
import { about } from "#about";
import * as z from "zod";
import { idSchema } from "./id.ts";
import { SCOPES, type Scope } from "./scope.ts";

/** `flt_` and 32 bytes in base64url. The prefix lets secret scanners recognise a leaked one. */
const TOKEN_SHAPE = /^flt_[A-Za-z0-9_-]{43}$/;

export const adminTokenSchema = z.strictObject({
  name: idSchema.meta(about("Who this is, as the audit log names them.")),
  hash: z.string().regex(/^[0-9a-f]{64}$/, "SHA-256 of the token, 64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
  expiresAt: z.iso.datetime().optional().meta(about("From then on it is refused.")),
});

export const adminTokensSchema = z.array(adminTokenSchema);

/** What is stored of a token; the token itself is shown once and kept nowhere. */
export type AdminToken = z.output<typeof adminTokenSchema>;

/** Whether a text can be a token at all. */
export function isTokenShaped(text: string): boolean {
  return TOKEN_SHAPE.test(text);
}

/** SHA-256 of a token, in hexadecimal. */
export async function tokenHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Makes a token.
 *
 * @returns the token, to be handed to its owner, and what is stored of it
 */
export async function makeToken(
  name: string,
  scopes: readonly Scope[],
): Promise<{ token: string; stored: AdminToken }> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  const token = `flt_${text}`;
  return { token, stored: { name, hash: await tokenHash(token), scopes: [...scopes] } };
}
