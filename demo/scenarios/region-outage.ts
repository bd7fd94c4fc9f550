/** The main job as a story: a region dies under load and comes back, and no client notices. */
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad, type LoadRecord } from "../load.ts";
import { demoOrigins } from "../origin.ts";
import { PLACES } from "../places.ts";
import { behave, type Scenario, type ScenarioResult, type Stage } from "../scenario.ts";
import { clientsOf, fullShareSinceMs, outageReport } from "./outage-report.ts";

const VICTIM = { name: "us-east", id: "use1" };
const REQUESTS_PER_SECOND_EACH = 5;
const BEFORE_MS = 5000;
/** Clients go where answers come soonest: on a busy machine that takes a while to be what the globe says. */
const SETTLE_LIMIT_MS = 60_000;
const OUTAGE_MS = 6000;
/** Twice what the defaults need: a breaker stays open for 30 s, then its ramp takes nine steps of 10 s. */
const RECOVERY_LIMIT_MS = 240_000;
const AFTER_MS = 5000;

export const regionOutage: Scenario = {
  name: "region-outage",
  summary: "us-east dies under load from four regions, and comes back",
  play,
};

async function play(stage: Stage): Promise<ScenarioResult> {
  const { signal, tell } = stage;
  const places = Object.values(PLACES);
  const load = startLoad(stage.port, places, REQUESTS_PER_SECOND_EACH, tellMoves(tell));
  try {
    tell(`${places.map(({ city }) => city).join(", ")}: ${REQUESTS_PER_SECOND_EACH} requests a second each`);
    await sleep(BEFORE_MS, undefined, { signal });
    const clients = () => clientsOf(VICTIM.id, load.records, load.nowMs());
    while (clients().length === 0 && load.nowMs() < SETTLE_LIMIT_MS) await sleep(100, undefined, { signal });

    const killAskedMs = load.nowMs();
    await behave(stage, VICTIM.name, { mode: "down" });
    const killedMs = load.nowMs();
    tell(`${VICTIM.name} is killed`);
    await sleep(OUTAGE_MS, undefined, { signal });

    const restoreAskedMs = load.nowMs();
    await behave(stage, VICTIM.name, { mode: "ok" });
    const restoredMs = load.nowMs();
    tell(`${VICTIM.name} is restored`);
    const cities = clientsOf(VICTIM.id, load.records, killAskedMs);
    let recoveredMs: number | undefined;
    while (recoveredMs === undefined && cities.length > 0 && load.nowMs() < restoredMs + RECOVERY_LIMIT_MS) {
      await sleep(100, undefined, { signal });
      recoveredMs = fullShareSinceMs(VICTIM.id, cities, load.records, restoredMs);
    }
    if (recoveredMs !== undefined) {
      tell(`${VICTIM.name} has all of its clients back`);
      await sleep(AFTER_MS, undefined, { signal });
    }
    await load.stop();
    return outageReport(VICTIM.id, load.records, { killAskedMs, killedMs, restoreAskedMs, restoredMs, recoveredMs });
  } finally {
    await load.stop();
  }
}

/** Tells when a client is served by another origin than before, once for each pair, and the first errors. */
function tellMoves(tell: (event: string) => void): (record: LoadRecord) => void {
  const names = new Map(demoOrigins(0).map(({ id, name }) => [id, name]));
  const servedBy = new Map<string, string>();
  const told = new Set<string>();
  let errors = 0;
  return ({ city, originId, error, attempts }) => {
    if (error !== undefined && ++errors <= 3) tell(`${city} sees an error: ${error}`);
    if (originId === undefined) return;
    const earlier = servedBy.get(city);
    servedBy.set(city, originId);
    const move = `${city} ${earlier} ${originId}`;
    if (earlier === originId || told.has(move)) return;
    told.add(move);
    const how = attempts.includes(",") ? ` (${attempts})` : "";
    tell(`${city} is served by ${names.get(originId) ?? originId}${how}`);
  };
}
