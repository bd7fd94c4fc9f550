/** Which methods a path of the control plane takes: for `Allow` (RFC 9110 section 10.2.1). */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "./system.ts";

/** The methods that some route answers at this path, `OPTIONS` among them; empty where there is none. */
export function methodsAt({ routes }: OpenAPIHono<ApiEnv>, path: string): string[] {
  const own = routes.filter((route) => route.method !== "ALL" && matches(route.path, path)).map(({ method }) => method);
  if (own.length === 0) return [];
  return [...new Set([...own, ...(own.includes("GET") ? ["HEAD"] : []), "OPTIONS"])].toSorted();
}

/** @param pattern as hono writes it: `/instances/:service` */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => (segment.startsWith(":") ? given[index] !== "" : segment === given[index]))
  );
}
