/** How a route of the control plane is declared: no route without a scope, none without its errors and an example. */
import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import * as z from "zod";
import { createMiddleware } from "hono/factory";
import type { Scope } from "../config/scope.ts";
import { ifMatchHeader } from "./if-match.ts";
import { mayDo } from "./principal.ts";
import { ApiProblem } from "./problem.ts";
import type { ApiEnv } from "./system.ts";

const problemSchema = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional().describe("JSON pointer to the wrong field of the body."),
          parameter: z.string().optional().describe("The wrong path, query or header parameter."),
          detail: z.string(),
        }),
      )
      .optional()
      .describe("Every wrong field."),
    requestId: z.string(),
  })
  .openapi("Problem");

/** Statuses a route may answer beside its success, and what they mean. */
const ERRORS = {
  400: "A field or parameter is wrong; `errors` says which and why.",
  401: "No credentials, or not valid ones.",
  403: "The scope is missing, or a browser sent this from another site.",
  404: "There is no such thing.",
  409: "It would leave a service without origins (say `force`), or collides with what is there.",
  412: "It was changed in the meantime: `If-Match` names an old revision.",
  413: "The body is over 1 MiB.",
  415: "The body is not JSON.",
  421: "The host is none that the control plane answers (`admin.hosts`).",
  422: "The `Idempotency-Key` was used for another request.",
  429: "Too many failed attempts from this address.",
  503: "Something is not configured, or what answers this cannot be reached.",
} as const;
export type ErrorStatus = keyof typeof ERRORS;

type Declaration = Omit<RouteConfig, "security" | "middleware" | "tags">;

/**
 * Declares a route.
 *
 * @param scope what the caller needs; `public` is for what may be known to anybody
 * @param tag   the resource it belongs to, as the reference groups them
 * @param errors statuses of its own, beside those that every route with a scope has
 */
export function declare<const R extends Declaration>(
  scope: Scope | "public",
  tag: string,
  errors: readonly ErrorStatus[],
  route: R,
) {
  const changes = route.method !== "get";
  const statuses: ErrorStatus[] =
    scope === "public" ? [...errors] : [401, 403, 429, 503, ...errors, ...(changes ? ([413, 415] as const) : [])];
  const problems = Object.fromEntries(
    [...new Set(statuses)]
      .toSorted((a, b) => a - b)
      .map((status) => [
        status,
        {
          description: ERRORS[status],
          content: { "application/problem+json": { schema: problemSchema } },
        },
      ]),
  );
  const declared = {
    ...route,
    tags: [tag],
    security: scope === "public" ? [] : [{ token: [scope] }, { access: [scope] }],
    ...(scope === "public" ? {} : { middleware: [requires(scope)] }),
    // What can be superseded can be asked not to supersede.
    ...(errors.includes(412) ? { request: { headers: ifMatchHeader, ...route.request } } : {}),
    operationId: operationId(route.method, route.path),
    responses: { ...problems, ...route.responses },
  };
  // What was added are members that every route has; the types of its own input and answer are what handlers go by.
  return createRoute(declared as R);
}

/** A name for what clients are generated from: `post /api/v1/cache/purge` is `postCachePurge`. */
function operationId(method: string, path: string): string {
  const words = path.replace("/api/v1/", "").split(/[^a-z0-9]+/i);
  return method + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

function requires(scope: Scope) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (!mayDo(c.var.principal, scope)) {
      throw new ApiProblem("forbidden", `This needs the scope \`${scope}\`, which \`${c.var.principal.name}\` lacks.`);
    }
    await next();
  });
}

/** A JSON body, documented with an example. */
export function json<Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) {
  return { content: { "application/json": { schema, example } } } as const;
}

/** The success of a route: a JSON body with its example. */
export function answers<Schema extends z.ZodType>(description: string, schema: Schema, example: z.input<Schema>) {
  return { description, ...json(schema, example) } as const;
}
