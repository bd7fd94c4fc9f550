/** What a service in maintenance answers: set at runtime, never deployed. */
import { about } from "#about";
import * as z from "zod";

/** One client address or a range of them. */
export const cidrSchema = z.union(
  [z.ipv4().meta({ format: "ipv4" }), z.ipv6().meta({ format: "ipv6" }), z.cidrv4(), z.cidrv6()],
  {
    error: "an IP address or a CIDR: 203.0.113.7, 203.0.113.0/24, 2001:db8::/32",
  },
);

export const maintenanceSchema = z.strictObject({
  status: z.int().min(200).max(599).default(503).meta(about("Status of the answer.")),
  body: z.string().max(65_536).default("Down for maintenance.\n").meta(about("Its body.")),
  contentType: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/, "a media type")
    .default("text/plain; charset=utf-8")
    .meta(about("Its `Content-Type`.")),
  retryAfterSeconds: z
    .int()
    .min(0)
    .max(604_800)
    .nullable()
    .default(null)
    .meta(about("`Retry-After` in seconds; null: none.")),
  allow: z.array(cidrSchema).max(1_000).default([]).meta(about("Client addresses and CIDRs that pass all the same.")),
});

export type Maintenance = z.output<typeof maintenanceSchema>;
