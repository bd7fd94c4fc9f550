/** `PURGE <url>`, as Varnish and Fastly users know it: handed to the control plane, which says who may. */

/**
 * The control plane's own request for a `PURGE`: its URL, hard unless `Fastly-Soft-Purge: 1`, with the client's token.
 */
export function purgeRequest(purge: Request<unknown, CfProperties>): Request {
  const headers = new Headers({ "Content-Type": "application/json" });
  for (const name of ["Authorization", "X-Request-Id", "CF-Connecting-IP"]) {
    const value = purge.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const soft = purge.headers.get("Fastly-Soft-Purge")?.trim() === "1";
  return new Request(new URL("/api/v1/cache/purge", purge.url), {
    method: "POST",
    ...(purge.cf === undefined ? {} : { cf: purge.cf }),
    headers,
    body: JSON.stringify({ urls: [purge.url], ...(soft ? { soft } : {}) }),
  });
}
