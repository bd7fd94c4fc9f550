/** What a service or a pool may say about how its origins are probed. */
import { about } from "#about";
import * as z from "zod";
import { headerValueSchema, settableNameSchema } from "./header.ts";
import { overrideOf } from "./override.ts";
import { statusPatternSchema } from "./status.ts";

export const monitorSchema = z.strictObject({
  mode: z
    .enum(["passive-first", "active", "passive"])
    .default("passive-first")
    .meta(
      about(
        "`passive-first`: hubs probe origins that no traffic measures or that are ejected, while their region has traffic. `active`: always. `passive`: never.",
      ),
    ),
  type: z
    .enum(["http", "https", "tcp"])
    .optional()
    .meta(about("How to probe; `tcp` only connects. Default: the scheme of the origin's URL.")),
  port: z.int().min(1).max(65_535).optional().meta(about("Port to probe. Default: the origin URL's own.")),
  path: z
    .string()
    .regex(/^\/[^#\s]*$/, 'a path that starts with "/"')
    .default("/")
    .meta(about("Path probed, on top of the origin's base path; a query is allowed.")),
  method: z.enum(["GET", "HEAD", "OPTIONS"]).default("GET").meta(about("Method of the probe.")),
  headers: z
    .record(settableNameSchema, headerValueSchema)
    .default({})
    .meta(about("Fields set on probes, after the origin's own.")),
  expectedStatus: z
    .array(statusPatternSchema)
    .min(1)
    .default(["2xx", "3xx", "4xx"])
    .meta(about("Statuses that mean up. The default says only that it answers; name a path and 200 for more.")),
  expectedBody: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .meta(about("Text that the first 64 KiB of the body must contain.")),
  intervalSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(10)
    .meta(about("Time between two probes from one region, in seconds; jitter adds up to 20 %.")),
  timeoutMs: z.int().min(1).max(60_000).default(5000).meta(about("A probe slower than this failed, in ms.")),
  consecutiveDown: z
    .int()
    .min(2)
    .max(100)
    .default(3)
    .meta(about("Failed probes in a row before a region calls the origin down; a single one never does.")),
  consecutiveUp: z
    .int()
    .min(1)
    .max(100)
    .default(2)
    .meta(about("Good probes in a row before a region calls it up again.")),
  graceSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(0)
    .meta(
      about(
        "For so long an origin added at runtime counts as healthy before its first verdict, in seconds. 0: no traffic before it.",
      ),
    ),
});

export const monitorOverrideSchema = overrideOf(monitorSchema);

export type MonitorConfig = z.output<typeof monitorSchema>;
