/**
 * The control plane's bearer tokens: their shape, how they are stored, and how a new one is made.
 *
 * A token is 256 random bits behind a prefix, and its shape is enforced, so nothing that a person made up can ever be
 * one. That is why a plain SHA-256 is a sound way to store it: there is no dictionary to try against the hash, which is
 * what salts and slow hashes are for. One digest a request is then compared with every stored one, in constant time.
 */
import { about } from "#about";
import * as z from "zod";
import { ID_SHAPE, idSchema } from "./id.ts";
import { SCOPES, type Scope } from "./scope.ts";

/** SHA-256 in hexadecimal. */
const HASH_SHAPE = /^[0-9a-f]{64}$/;

/** RFC 3339, in UTC: to the second at least. */
const TIME_SHAPE = /^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;

/** `flt_` and 32 bytes in base64url. The prefix lets secret scanners recognise a leaked one. */
const TOKEN_SHAPE = /^flt_[A-Za-z0-9_-]{43}$/;

export const adminTokenSchema = z.strictObject({
  name: idSchema.meta(about("Who this is, as the audit log names them.")),
  hash: z.string().regex(HASH_SHAPE, "SHA-256 of the token, 64 hexadecimal digits"),
  scopes: z.array(z.enum(SCOPES)).min(1),
  expiresAt: z.iso.datetime().optional().meta(about("From then on it is refused.")),
});

export const adminTokensSchema = z.array(adminTokenSchema);

/** What is stored of a token; the token itself is shown once and kept nowhere. */
export type AdminToken = z.output<typeof adminTokenSchema>;

const FIELDS: ReadonlySet<string> = new Set(["name", "hash", "scopes", "expiresAt"]);

/**
 * Whether `adminTokensSchema` takes a value, found out without the validation library: every first call of an isolate asks,
 * and many of them need it for nothing else.
 */
export function areAdminTokens(value: unknown): value is AdminToken[] {
  return Array.isArray(value) && value.every(isAdminToken);
}

function isAdminToken(value: unknown): value is AdminToken {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { name, hash, scopes, expiresAt } = value as Record<string, unknown>;
  return (
    Object.keys(value).every((key) => FIELDS.has(key)) &&
    typeof name === "string" &&
    ID_SHAPE.test(name) &&
    typeof hash === "string" &&
    HASH_SHAPE.test(hash) &&
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.every((scope) => (SCOPES as readonly unknown[]).includes(scope)) &&
    (expiresAt === undefined || isTime(expiresAt))
  );
}

/** A day that is in no calendar would be read as another one. */
function isTime(value: unknown): boolean {
  if (typeof value !== "string" || !TIME_SHAPE.test(value)) return false;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 10) === value.slice(0, 10);
}

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
