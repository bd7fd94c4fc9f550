/** The `{service}` of a path: a name that the configuration has, as overrides make it, or 404. */
import * as z from "zod";
import { ApiProblem } from "./problem.ts";
import type { System } from "./system.ts";

export const serviceParamsSchema = z.object({
  service: z.string().max(256).describe("The service's name in the configuration."),
});

/** @throws ApiProblem `not-found` for a name that the configuration does not have */
export function serviceParam(system: System, name: string): string {
  if (Object.hasOwn(system.effective().services, name)) return name;
  throw new ApiProblem("not-found", `There is no service \`${name}\`.`);
}

/** The ids of a service's origins, those that registered themselves too. */
export function originsOf(system: System, service: string): string[] {
  return Object.values(system.effective().services[service]!.pools).flatMap(({ origins }) =>
    origins.map(({ id }) => id),
  );
}
