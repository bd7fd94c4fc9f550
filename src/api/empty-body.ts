/** A change that says nothing of itself: many clients name a content type for whatever they send, also for no body. */
import type { MiddlewareHandler } from "hono";
import type { ApiEnv } from "./system.ts";

/** Takes the content type from a request without content, which would be read as JSON and be none. */
export const emptyBodyUntyped: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { raw } = c.req;
  const isEmpty = raw.body === null || raw.headers.get("Content-Length") === "0";
  if (isEmpty && raw.headers.has("Content-Type")) {
    const headers = new Headers(raw.headers);
    headers.delete("Content-Type");
    c.req.raw = new Request(raw, { headers });
  }
  await next();
};
