/** The OpenAPI document of the control plane, made from the routes themselves. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import { SCOPES } from "../config/scope.ts";
import type { WholeApp } from "./resources.ts";
import { answers, declare } from "./route.ts";
import type { ApiEnv, System } from "./system.ts";

export type OpenApiDocument = ReturnType<OpenAPIHono<ApiEnv>["getOpenAPI31Document"]>;

const INTRODUCTION = `Steers a Fairlead deployment: what is out, what weighs how much, what is cached, who changed what.

Answered on admin hosts only. Every call but the public ones carries \`Authorization: Bearer <token>\`, or comes through
Cloudflare Access. Scopes: ${SCOPES.map((scope) => `\`${scope}\``).join(", ")}; each is for itself, and \`admin\` includes all.

Errors are \`application/problem+json\` (RFC 9457) with a JSON pointer to each wrong field. Unknown fields are refused, and
bodies over 1 MiB. Lists are paged by \`cursor\`. A change with
\`If-Match\` is made only if that revision is still the newest. A POST with an \`Idempotency-Key\` is done once.`;

const openapi = declare("read", "Document", [], {
  method: "get",
  path: "/api/v1/openapi.json",
  summary: "This document",
  responses: {
    200: answers("OpenAPI 3.1.", z.looseObject({ openapi: z.string() }), { openapi: "3.1.0" }),
  },
});

/** Everything the app answers, as OpenAPI 3.1. */
export function documentOf(app: OpenAPIHono<ApiEnv>): OpenApiDocument {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Fairlead control plane",
      version: "1",
      description: INTRODUCTION,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
  });
}

export function addDocument(app: OpenAPIHono<ApiEnv>, _system: System, whole: WholeApp): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "A token of this deployment (`ADMIN_TOKENS`); the scopes listed with a route are what it must have.",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "access", {
    type: "apiKey",
    in: "header",
    name: "Cf-Access-Jwt-Assertion",
    description: "A Cloudflare Access identity, where `admin.access` is configured. Access adds the field itself.",
  });
  let document: OpenApiDocument | undefined;
  app.openapi(openapi, async (c) => {
    document ??= documentOf(await whole());
    return c.json(document as unknown as { openapi: string }, 200);
  });
}
