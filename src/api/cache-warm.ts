/** `/api/v1/cache/warm`: asks for URLs as a client would, so that the place that takes the call has them stored. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { answers, declare, json } from "./route.ts";
import { strayUrls } from "./stray-urls.ts";
import type { ApiEnv, System } from "./system.ts";
import { invalid } from "./validation.ts";

/** Each may take as long as its service lets a request take. */
const MAX_URLS = 100;
/** The platform lets six connections wait for a response head. */
const AT_ONCE = 4;

const warmedSchema = z
  .object({
    url: z.string(),
    status: z.int(),
    stored: z.boolean().describe("It is in the store now: it was, or could be stored."),
    cacheStatus: z.string().nullable().describe("`Cache-Status` of the answer; null: no cache rule is for the URL."),
    bytes: z.int().nullable().describe("In the body; null: it was cut short."),
  })
  .openapi("Warmed");

const warm = declare("purge", "Cache", [400], {
  method: "post",
  path: "/api/v1/cache/warm",
  summary: "Fill the cache of the place that takes this call",
  description:
    "Each URL is asked for through the balancer with GET, as a browser would without cookies or credentials. Fills this isolate and its data centre, no other place. No rate limit counts these requests, and no priority level turns them away: what clients may ask for stays theirs.",
  request: {
    body: {
      required: true,
      ...json(
        z
          .strictObject({
            urls: z
              .array(z.url({ protocol: /^https?$/ }).max(8_192))
              .min(1)
              .max(MAX_URLS)
              .describe("URLs as clients ask for them; a service must answer them."),
          })
          .openapi("Warming"),
        { urls: ["https://shop.example.com/"] },
      ),
    },
  },
  responses: {
    200: answers(
      "What became of each URL.",
      z.object({
        colo: z.string().nullable().describe("The data centre; null where it is not known."),
        results: z.array(warmedSchema),
      }),
      {
        colo: "FRA",
        results: [
          {
            url: "https://shop.example.com/",
            status: 200,
            stored: true,
            cacheStatus: 'Fairlead; fwd=uri-miss; ttl=300; stored; key="shop.example.com/"',
            bytes: 5120,
          },
        ],
      },
    ),
  },
});

export function addCacheWarm(app: OpenAPIHono<ApiEnv>, system: System): void {
  app.openapi(warm, async (c) => {
    const { urls } = c.req.valid("json");
    // Nothing but the services' own URLs: this must not become a way to reach other places from here.
    const stray = strayUrls(system, urls);
    if (stray.length > 0) throw invalid(stray);
    const results: z.infer<typeof warmedSchema>[] = [];
    const left = urls.entries();
    // They share the iterator: each takes the next one when it is done with its last.
    const worker = async () => {
      for (const [index, url] of left) results[index] = await fetchOne(c, system, url);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const colo = (c.req.raw as { cf?: { colo?: unknown } }).cf?.colo;
    return c.json({ colo: typeof colo === "string" ? colo : null, results }, 200);
  });
}

async function fetchOne(c: Context<ApiEnv>, system: System, url: string): Promise<z.infer<typeof warmedSchema>> {
  const { cf } = c.req.raw as { cf?: object };
  const headers = new Headers({ Accept: "*/*", "Accept-Encoding": "br, gzip", "X-Request-Id": c.var.requestId });
  const address = c.req.header("CF-Connecting-IP");
  if (address !== undefined) headers.set("CF-Connecting-IP", address);
  const request = new Request(new URL(url).href, { headers, ...(cf === undefined ? {} : { cf }) } as RequestInit);
  const response = await system.serve(request, c.executionCtx);
  const bytes = await drained(response);
  const cacheStatus = response.headers.get("Cache-Status");
  const [told = ""] = (cacheStatus ?? "").split("; key=");
  const stored = bytes !== null && /; (?:hit|stored|collapsed)(?:;|$)/.test(told);
  return { url, status: response.status, stored, cacheStatus, bytes };
}

/** Reads a body to its end, since storing goes at the pace of who reads. @returns its bytes; null: it was cut short */
async function drained({ body }: Response): Promise<number | null> {
  let bytes = 0;
  try {
    if (body !== null) for await (const chunk of body as ReadableStream<Uint8Array>) bytes += chunk.byteLength;
    return bytes;
  } catch {
    return null;
  }
}
