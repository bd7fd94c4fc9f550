/** Who is asking: a bearer token or a Cloudflare Access identity, or nobody, and then nothing is answered. */
import { createMiddleware } from "hono/factory";
import { ACCESS_HEADER, principalOfAccess } from "./access-identity.ts";
import { principalOfToken, SET_TOKENS_COMMAND, storedTokens } from "./bearer.ts";
import { Lockout } from "./lockout.ts";
import { ApiProblem } from "./problem.ts";
import type { Principal } from "./principal.ts";
import type { ApiEnv, System } from "./system.ts";

/** Lets nobody past who is not known. The scope is each route's own question. */
export function authenticate(system: System) {
  const lockout = new Lockout();
  const { access } = system.config.admin;
  return createMiddleware<ApiEnv>(async (c, next) => {
    const tokens = storedTokens(c.env.ADMIN_TOKENS);
    if (tokens.length === 0 && access === undefined) {
      throw new ApiProblem(
        "not-configured",
        `Nobody may use this API yet: no tokens are set. Set one with: ${SET_TOKENS_COMMAND}`,
      );
    }
    const nowMs = system.now();
    const address = c.req.header("CF-Connecting-IP") ?? "unknown";
    const waitMs = lockout.waitMs(address, nowMs);
    if (waitMs > 0) {
      throw new ApiProblem("locked-out", "Too many attempts with wrong credentials came from this address.", {
        headers: { "Retry-After": String(Math.ceil(waitMs / 1000)) },
      });
    }
    const bearer = bearerOf(c.req.header("Authorization"));
    const jwt = c.req.header(ACCESS_HEADER);
    let principal: Principal | null = null;
    if (bearer !== null) principal = await principalOfToken(bearer, tokens, nowMs);
    else if (access !== undefined && jwt !== undefined) principal = await principalOfAccess(jwt, access);
    if (principal === null) {
      const presented = bearer !== null || c.req.header("Authorization") !== undefined || jwt !== undefined;
      if (presented) lockout.failed(address, nowMs);
      throw new ApiProblem(
        "unauthenticated",
        presented
          ? "The credentials are not valid (any more)."
          : "Expected `Authorization: Bearer <token>` with a token of this deployment.",
        { headers: { "WWW-Authenticate": 'Bearer realm="fairlead"' } },
      );
    }
    lockout.succeeded(address);
    c.set("principal", principal);
    await next();
  });
}

function bearerOf(authorization: string | undefined): string | null {
  return authorization === undefined ? null : (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null);
}
