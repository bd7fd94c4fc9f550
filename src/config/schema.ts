/** The whole configuration of a deployment as one zod schema: types, defaults and reference at once. */
import * as z from "zod";
import { idSchema } from "./id.ts";
import { regionSchema } from "./pool.ts";
import { serviceSchema } from "./service.ts";

const adminHostSchema = z
  .string()
  .regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'a host in lower case without port: exact or "*.example.com"');

const adminSchema = z.strictObject({
  hosts: z
    .array(adminHostSchema)
    .default(["localhost", "127.0.0.1", "*.workers.dev"])
    .meta({ description: "Hosts that reach the control plane, where no service matches." }),
});

export const configSchema = z
  .strictObject({
    admin: adminSchema.prefault({}).meta({ description: "The control plane." }),
    regions: z
      .array(regionSchema)
      .min(1)
      .default(["enam", "wnam", "weur", "apac"])
      .meta({ description: "Where hubs run: the regions in which isolates gather what they know." }),
    services: z.record(idSchema, serviceSchema).meta({ description: "Services by name." }),
  })
  .meta({ description: "What this deployment balances." });

/** What a user writes. */
export type ConfigInput = z.input<typeof configSchema>;

/** What the rest of Fairlead reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
