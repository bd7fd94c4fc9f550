/** What an origin may say in the configuration: types, defaults and reference in one. */
import { about } from "#about";
import * as z from "zod";
import { headerValueSchema, settableNameSchema } from "./header.ts";
import { idSchema } from "./id.ts";

export const originSchema = z
  .strictObject({
    id: idSchema.meta(about("Names the origin in the API, in metrics and in its breaker; unique in the deployment.")),
    url: z
      .string()
      .min(1)
      .meta(
        about(
          "Where requests go: scheme, host, optional port and base path; http or https, no credentials, query or fragment.",
        ),
      ),
    weight: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(1)
      .meta(about("Share of traffic relative to its pool's other origins; 0 takes none unless nothing else is left.")),
    capacity: z
      .number()
      .positive()
      .optional()
      .meta(about("Requests per second the origin can take, worldwide. Without it: unbounded.")),
    labels: z.record(z.string(), z.string()).default({}).meta(about("Free key-value pairs for filters and rules.")),
    version: z.string().optional().meta(about("What is deployed there; canary rules match it.")),
    headers: z
      .record(settableNameSchema, headerValueSchema)
      .default({})
      .meta(
        about(
          "Fields set on every request to this origin, for example a shared secret so that nobody bypasses the balancer.",
        ),
      ),
    hostHeader: z
      .string()
      .min(1)
      .optional()
      .meta(about("Host to send instead of the URL's own. Cloudflare honours it only for hosts in your own zone.")),
    mtls: z
      .string()
      .min(1)
      .optional()
      .meta(about("Name of an mTLS certificate binding; requests to the origin go through it.")),
  })
  .meta(about("One upstream URL."));

export type OriginConfig = z.output<typeof originSchema>;
export type HeaderValue = z.output<typeof headerValueSchema>;
