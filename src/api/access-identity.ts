/** Cloudflare Access identities: the JWT that Access adds to requests, verified and mapped to scopes. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import type { AccessConfig } from "../config/admin.ts";
import { ApiProblem } from "./problem.ts";
import type { Principal } from "./principal.ts";

/** The field in which Access hands the token on (developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json). */
export const ACCESS_HEADER = "Cf-Access-Jwt-Assertion";

const keySets = new Map<string, JWTVerifyGetKey>();

/**
 * Who an Access token speaks for, or null when it is not valid. Nobody without a grant is let in.
 *
 * @param keys   the team's public keys; by default fetched from Access and kept by `jose` (10 minutes)
 * @throws ApiProblem when the keys cannot be had: that says nothing about the token
 */
export async function principalOfAccess(
  jwt: string,
  config: AccessConfig,
  keys: JWTVerifyGetKey = keysOf(config.team),
): Promise<Principal | null> {
  try {
    const { payload } = await jwtVerify(jwt, keys, {
      issuer: issuerOf(config.team),
      audience: config.audience,
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat"],
    });
    return principalOf(payload, config);
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
      throw new ApiProblem("unavailable", "The keys of Cloudflare Access could not be fetched.");
    }
    return null;
  }
}

function principalOf(payload: JWTPayload, { grants }: AccessConfig): Principal | null {
  const email = typeof payload["email"] === "string" ? payload["email"].toLowerCase() : null;
  const commonName = typeof payload["common_name"] === "string" ? payload["common_name"] : null;
  const granted = grants.filter(
    ({ emails, serviceTokens }) =>
      (email !== null && emails.some((pattern) => emailMatches(pattern.toLowerCase(), email))) ||
      (commonName !== null && serviceTokens.includes(commonName)),
  );
  if (granted.length === 0) return null;
  return { name: `access:${email ?? commonName}`, scopes: [...new Set(granted.flatMap(({ scopes }) => scopes))] };
}

function emailMatches(pattern: string, email: string): boolean {
  return pattern.startsWith("*@") ? email.slice(email.lastIndexOf("@")) === pattern.slice(1) : email === pattern;
}

function issuerOf(team: string): string {
  return `https://${team}.cloudflareaccess.com`;
}

function keysOf(team: string): JWTVerifyGetKey {
  let keys = keySets.get(team);
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(`${issuerOf(team)}/cdn-cgi/access/certs`), { timeoutDuration: 3_000 });
    keySets.set(team, keys);
  }
  return keys;
}
