/** Who a client says it is, believed only after its JWT was verified. */
import {
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import type { JwtConfig } from "../config/auth.ts";
import { KeyMemory } from "../rate-limit/key-memory.ts";

/** Tokens remembered at most; a token is 1 KB or so. */
const MOST_TOKENS = 2_000;

/** Longer ones are not looked at. */
const LONGEST_TOKEN = 8_192;

/** A token that failed for good is remembered so long; one that may pass later, or could not be judged, a second. */
const BAD_FOR_MS = 600_000;
const UNSURE_FOR_MS = 1_000;

/** Verified claims by name; null when there is no token, or none that passes. */
export type Claims = JWTPayload | null;

interface Judged {
  claims: Claims;
  untilMs: number;
}

/** Reads the claims of a request; crypto runs once for the same bytes. */
export type ClaimReader = (headers: Pick<Headers, "get">) => Claims | Promise<Claims>;

/**
 * @param secret the value that `config.secret` names; null when keys come from `config.jwks`
 * @param fetcher fetches the JWKS; a parameter for tests
 */
export function claimReader(config: JwtConfig, secret: string | null): ClaimReader {
  const judged = new KeyMemory<Judged>(MOST_TOKENS);
  const key = secret === null ? createRemoteJWKSet(new URL(config.jwks!)) : sharedKey(secret);
  const options: JWTVerifyOptions = {
    algorithms: config.algorithms ?? (secret === null ? ["RS256", "ES256", "EdDSA"] : ["HS256"]),
    clockTolerance: config.clockToleranceSeconds,
    ...(config.issuer !== undefined && { issuer: config.issuer }),
    ...(config.audience !== undefined && { audience: config.audience }),
  };
  return (headers) => {
    const token = tokenIn(headers.get(config.header));
    if (token === null) return null;
    const known = judged.use(token, () => ({ claims: null, untilMs: 0 }));
    if (Date.now() < known.untilMs) return known.claims;
    return judge(token, known, key, options, config.clockToleranceSeconds);
  };
}

/** One claim as a word; null when it is absent, or no single value. */
export function claimValue(claims: Claims, name: string): string | null {
  const value: unknown = claims !== null && Object.hasOwn(claims, name) ? claims[name] : null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

async function judge(
  token: string,
  known: Judged,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
  toleranceSeconds: number,
): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, key, options);
    known.claims = payload;
    known.untilMs = payload.exp === undefined ? Infinity : (payload.exp + toleranceSeconds) * 1_000;
  } catch (error) {
    known.claims = null;
    known.untilMs = Date.now() + (isFinal(error) ? BAD_FOR_MS : UNSURE_FOR_MS);
  }
  return known.claims;
}

/** Whether the token itself is bad. A key set out of reach, a key not yet published or `nbf` ahead may change. */
function isFinal(error: unknown): boolean {
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim !== "nbf";
  return (
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed
  );
}

/** The bare token, with or without `Bearer` (RFC 6750 section 2.1); null for what can't be one. */
function tokenIn(field: string | null): string | null {
  if (field === null || field.length > LONGEST_TOKEN) return null;
  const token = field.replace(/^bearer +/i, "").trim();
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token) ? token : null;
}

function sharedKey(secret: string): JWTVerifyGetKey {
  const bytes = new TextEncoder().encode(secret);
  return () => bytes;
}
