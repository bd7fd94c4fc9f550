/** What browsers are told and refused: security fields on every answer, cross-site calls, CORS where configured. */
import { createMiddleware } from "hono/factory";
import { ApiProblem } from "./problem.ts";
import type { ApiEnv } from "./system.ts";

/** Nothing may be loaded but our own style sheet, nothing framed, nothing sniffed, nothing kept by caches. */
const SECURITY_FIELDS = {
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
} as const;

/** Puts the security fields on an answer, where it has none of its own. */
export function secured(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(SECURITY_FIELDS)) if (!headers.has(name)) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}

/**
 * Refuses state-changing calls that a browser was talked into: those from another site's page, and those with a cookie
 * whose origin cannot be told. Cloudflare Access turns its cookie into the identity we trust, so a cookie is a credential
 * even though nothing here reads one.
 */
export function refuseCrossSite(corsOrigins: readonly string[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (isSafe(c.req.method)) return next();
    const origin = c.req.header("Origin");
    const site = c.req.header("Sec-Fetch-Site");
    const known = origin !== undefined && (origin === new URL(c.req.url).origin || corsOrigins.includes(origin));
    const sameOrigin = known || (origin === undefined && site === "same-origin");
    const fromBrowser = origin !== undefined || site !== undefined || c.req.header("Cookie") !== undefined;
    if (fromBrowser && !sameOrigin) {
      throw new ApiProblem("cross-site", "State-changing calls from a browser must come from this origin's own pages.");
    }
    await next();
  });
}

/** Answers preflights and marks answers for the configured origins; for any other, there is no CORS at all. */
export function corsFor(corsOrigins: readonly string[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const origin = c.req.header("Origin");
    const allowed = origin !== undefined && corsOrigins.includes(origin);
    if (allowed && c.req.method === "OPTIONS" && c.req.header("Access-Control-Request-Method") !== undefined) {
      return new Response(null, {
        status: 204,
        headers: {
          "Access-Control-Allow-Origin": origin,
          "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
          "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id",
          "Access-Control-Max-Age": "600",
          Vary: "Origin",
        },
      });
    }
    await next();
    if (!allowed) return undefined;
    c.header("Access-Control-Allow-Origin", origin);
    c.header("Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id");
    c.header("Cross-Origin-Resource-Policy", "cross-origin");
    c.header("Vary", "Origin");
    return undefined;
  });
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
