/** How Durable Objects reach the hubs: by name, each made in its region, and not waited for too long. */
import type { HubForObjects, HubName } from "../src/agreement/protocol.ts";
import { regionOf } from "../src/agreement/sharding.ts";
import { within } from "../src/within.ts";

/** The hub of that name, as other Durable Objects see it. A hub is made where its first caller says, and stays there. */
export function hubNamed(namespace: DurableObjectNamespace, name: HubName): HubForObjects {
  const locationHint = regionOf(name);
  return namespace.get(namespace.idFromName(name), { locationHint }) as unknown as HubForObjects;
}

/** Asks hubs at once. @returns the answers of those that gave one within `waitMs` */
export async function askHubs<Answer>(
  hubs: readonly HubName[],
  waitMs: number,
  ask: (hub: HubName) => Promise<Answer>,
): Promise<Map<HubName, Answer>> {
  const answers = await Promise.allSettled(hubs.map(async (hub) => [hub, await within(waitMs, ask(hub))] as const));
  return new Map(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
}
