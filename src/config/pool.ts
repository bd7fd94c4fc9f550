/** What a pool may say in the configuration: types, defaults and reference in one. */
import { about } from "#about";
import * as z from "zod";
import { breakerOverrideSchema, rampOverrideSchema } from "./breaker.ts";
import { monitorOverrideSchema } from "./monitor.ts";
import { originSchema } from "./origin.ts";
import { REGIONS } from "./region.ts";
import { shedSchema } from "./rules.ts";

export const regionSchema = z.enum(REGIONS);

const locationSchema = z.tuple([
  z.number().min(-90).max(90).meta(about("Latitude in degrees, north positive.")),
  z.number().min(-180).max(180).meta(about("Longitude in degrees, east positive.")),
]);

export const poolSchema = z
  .strictObject({
    region: regionSchema.meta(about("The Cloudflare region the pool lies in.")),
    location: locationSchema
      .optional()
      .meta(about("Where the pool is, for distances. Default: its region's main data centre.")),
    priority: z.int().min(0).default(0).meta(about("Order under the `failover` policy; lower is tried first.")),
    shed: shedSchema.prefault({}).meta(about("Traffic the pool gives away while others are available.")),
    breaker: breakerOverrideSchema
      .optional()
      .meta(about("Fields of the service's `breaker` that differ in this pool.")),
    ramp: rampOverrideSchema.optional().meta(about("Fields of the service's `ramp` that differ in this pool.")),
    monitor: monitorOverrideSchema
      .optional()
      .meta(about("Fields of the service's `monitor` that differ in this pool.")),
    origins: z.array(originSchema).min(1).max(1000).meta(about("The origins of this pool.")),
  })
  .meta(about("A group of origins in one place."));

export type PoolConfig = z.output<typeof poolSchema>;
