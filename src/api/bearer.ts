/** Bearer tokens: read from the `ADMIN_TOKENS` secret, matched in constant time. */
import { areAdminTokens, isTokenShaped, tokenHash, type AdminToken } from "../config/admin-token.ts";
import { ApiProblem } from "./problem.ts";
import type { Principal } from "./principal.ts";

/** The one command that makes a token and sets the secret. */
export const SET_TOKENS_COMMAND =
  "npm run -s token -- --name admin --scopes admin | npx wrangler secret put ADMIN_TOKENS";

let parsed: { readonly secret: string; readonly tokens: readonly AdminToken[] } | undefined;

/**
 * The stored tokens; an absent or empty secret holds none.
 *
 * @throws ApiProblem when the secret is not a list of tokens; what it holds is never told
 */
export function storedTokens(secret: string | undefined): readonly AdminToken[] {
  if (secret === undefined || secret.trim() === "") return [];
  if (parsed?.secret === secret) return parsed.tokens;
  const tokens = jsonOrNull(secret);
  if (!areAdminTokens(tokens)) {
    throw new ApiProblem(
      "not-configured",
      `The secret ADMIN_TOKENS is not a list of tokens. Set it with: ${SET_TOKENS_COMMAND}`,
    );
  }
  parsed = { secret, tokens };
  return tokens;
}

/**
 * Who a presented token belongs to, or null.
 *
 * Every stored hash is compared to the last digit whatever the ones before said, so the time taken tells nothing.
 *
 * @param nowMs ms since the epoch
 */
export async function principalOfToken(
  presented: string,
  tokens: readonly AdminToken[],
  nowMs: number,
): Promise<Principal | null> {
  if (!isTokenShaped(presented)) return null;
  const hash = await tokenHash(presented);
  let found: AdminToken | null = null;
  for (const token of tokens) if (equalInConstantTime(hash, token.hash)) found = token;
  if (found === null || (found.expiresAt !== undefined && Date.parse(found.expiresAt) <= nowMs)) return null;
  return { name: `token:${found.name}`, scopes: found.scopes };
}

/** Compares two texts of the same length without stopping at the first difference. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
