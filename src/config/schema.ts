/** The whole configuration of a deployment as one zod schema: types, defaults and reference at once. */
import { about } from "#about";
import * as z from "zod";
import { adminSchema } from "./admin.ts";
import { idSchema } from "./id.ts";
import { regionSchema } from "./pool.ts";
import { registrationSchema } from "./registration.ts";
import { serviceSchema } from "./service.ts";

export const configSchema = z
  .strictObject({
    admin: adminSchema.prefault({}).meta(about("The control plane.")),
    regions: z
      .array(regionSchema)
      .min(1)
      .default(["enam", "wnam", "weur", "apac"])
      .meta(about("Where hubs run: the regions in which isolates gather what they know.")),
    registration: registrationSchema
      .prefault({})
      .meta(about("Origins that register themselves at runtime, through the control plane.")),
    services: z.record(idSchema, serviceSchema).meta(about("Services by name.")),
  })
  .meta(about("What this deployment balances."));

/** What a user writes. */
export type ConfigInput = z.input<typeof configSchema>;

/** What the rest of Fairlead reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
