/** Asks every hub and never hangs: what a hub that is away would have said is missing, and the answer names it. */
import * as z from "zod";
import type { HubForApi } from "../../durable-objects/hub-description.ts";
import type { HubName } from "../agreement/protocol.ts";
import { within } from "../within.ts";
import type { System } from "./system.ts";

/** A hub on the other side of the planet answers within this, ms. */
const HUB_MS = 1_500;

/** How long the registry may take to name hubs beyond one a region, ms. */
const REGISTRY_MS = 1_000;

export interface FromHubs<Answer> {
  readonly answers: ReadonlyMap<HubName, Answer>;
  readonly away: readonly HubName[];
}

export const hubsSchema = z.object({
  answered: z.array(z.string()).describe("Hubs whose word is in this answer: one a region, and its shards."),
  away: z.array(z.string()).describe("Hubs that did not answer in time: what their regions saw is missing here."),
});

export const hubsExample = { answered: ["weur", "enam"], away: [] };

/** Asks every region's hub, and every shard that the registry knows. */
export async function askHubs<Answer>(
  system: System,
  ask: (hub: HubForApi) => Promise<Answer>,
): Promise<FromHubs<Answer>> {
  const registered = await within(REGISTRY_MS, system.control.hubs()).catch(() => []);
  const names = [...new Set([...system.config.regions, ...registered.map(({ hub }) => hub)])];
  const asked = await Promise.allSettled(names.map((name) => within(HUB_MS, ask(system.hub(name)))));
  const answers = new Map<HubName, Answer>();
  const away: HubName[] = [];
  for (const [index, answer] of asked.entries()) {
    if (answer.status === "fulfilled") answers.set(names[index]!, answer.value);
    else away.push(names[index]!);
  }
  return { answers, away };
}

/** Who was asked, as answers say it. */
export function hubsBody({ answers, away }: FromHubs<unknown>): z.infer<typeof hubsSchema> {
  return { answered: [...answers.keys()], away: [...away] };
}
