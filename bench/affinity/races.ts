/** New sessions whose first requests come in at four places at the same time. */
import { AFFINITY_SHARDS, affinityShardName, type SessionStatistics } from "../../src/affinity/messages.ts";
import { startFleet, whoAnswered } from "../../test/support/session-fleet.ts";
import type { Reporter, TopicOptions } from "../figure.ts";

export async function measureRaces(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const sessions = quick ? 50 : 500;
  const fleet = await startFleet({ shop: { affinity: { mode: "header", name: "x-session" } } }, { edges: 3 });
  try {
    let torn = 0;
    for (let index = 0; index < sessions; index++) {
      const headers = { "X-Session": `new-${index}` };
      const first = await Promise.all(fleet.ports.map((port) => fleet.ask("shop", { port, headers })));
      const second = await Promise.all(fleet.ports.map((port) => fleet.ask("shop", { port, headers })));
      if (new Set([...first, ...second].map(whoAnswered)).size !== 1) torn++;
    }
    const shards = await Promise.all(
      Array.from({ length: AFFINITY_SHARDS }, (_, index) =>
        fleet.call<SessionStatistics>("SESSION_AFFINITY", affinityShardName(index), "statistics"),
      ),
    );
    const bindings = shards.reduce((sum, { created }) => sum + created, 0);
    report.note(
      `${sessions} new sessions, each at ${fleet.ports.length} places at once: ${bindings} bindings were made`,
    );
    report.figure({
      figure: "new sessions whose concurrent first requests from 4 places met more than one origin",
      value: torn,
      unit: "sessions",
      target: { equals: 0 },
    });
    report.figure({
      figure: "bindings per new session asked for at 4 places at once",
      value: bindings / sessions,
      unit: "bindings",
      target: { equals: 1 },
    });
  } finally {
    await fleet.stop();
  }
}
