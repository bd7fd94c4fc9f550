/** An origin that fails half of its requests is ejected, tried by a few, taken back in steps, and kept once it is well. */
import { setTimeout as sleep } from "node:timers/promises";
import config from "../../fairlead.config.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Config } from "../../src/config/schema.ts";
import type { OriginInspection } from "../../src/resilience/origin-history.ts";
import { startLoad, type Load } from "../load.ts";
import { BRIDGE, callObject } from "../object-bridge.ts";
import { PLACES } from "../places.ts";
import { rebased } from "../rebase.ts";
import { startRelay, type Relay } from "../relay.ts";
import { behave, type Scenario, type ScenarioResult, type Stage } from "../scenario.ts";
import { flappingReport, type Asked, type Spell } from "./flapping-report.ts";

const FLAPPING = { name: "us-east", id: "use1" };
const FAILING = { mode: "error", rate: 0.5 };
const REQUESTS_PER_SECOND_EACH = 20;
/** Short times, so that all of it can be watched in a minute. */
const BREAKER = { openSeconds: 2, maxOpenSeconds: 4, trialPermits: 3 };
const RAMP = { stepSeconds: 1 };
const BEFORE_MS = 4_000;
/** It fails until it was ejected this often. */
const EJECTIONS = 3;
const FAILING_LIMIT_MS = 45_000;
const RECOVERY_LIMIT_MS = 45_000;
const AFTER_MS = 5_000;
const LOOK_EVERY_MS = 50;

export const flapping: Scenario = {
  name: "flapping",
  summary: "us-east fails every second request; it is ejected, tried by three at once at most, and taken back in steps",
  play,
};

async function play(stage: Stage): Promise<ScenarioResult> {
  const { signal, tell } = stage;
  const places = Object.values(PLACES);
  tell(`starting Fairlead in ${places.length} places, each with a memory of its own`);
  const originUrls = await urlsOf(stage);
  const relay = await startRelay(originUrls.get(FLAPPING.id)!);
  const loads: Load[] = [];
  try {
    // Loaded only now: wrangler takes seconds to load.
    const { startWorkerd } = await import("../workerd.ts");
    const workerd = await startWorkerd({
      config: flappingConfig(originUrls, relay),
      edges: places.length,
      bridge: BRIDGE,
      signal,
    });
    try {
      const cities = places.map(({ city }) => city).join(", ");
      tell(`${cities}: ${REQUESTS_PER_SECOND_EACH} requests a second each, all to ${FLAPPING.name} while it is well`);
      const startedMs = Date.now();
      loads.push(
        ...places.map((place, i) =>
          startLoad(workerd.edgePorts[i]!, [place], REQUESTS_PER_SECOND_EACH, tellErrors(tell)),
        ),
      );
      const inspect = () => callObject<OriginInspection>(workerd.bridgePort!, "ORIGIN_BREAKER", FLAPPING.id, "inspect");
      const watch = new BreakerWatch(inspect, tell, startedMs);

      await watch.until(Date.now() + BEFORE_MS, signal);
      await behave(stage, FLAPPING.name, FAILING);
      const failingSinceMs = Date.now();
      watch.isFailing = true;
      tell(`${FLAPPING.name} fails every second request`);
      await watch.until(failingSinceMs + FAILING_LIMIT_MS, signal, () => watch.ejections >= EJECTIONS);

      await behave(stage, FLAPPING.name, { mode: "ok" });
      watch.isFailing = false;
      tell(`${FLAPPING.name} is well again`);
      await watch.until(Date.now() + RECOVERY_LIMIT_MS, signal, () => watch.kind === "kept");
      await watch.until(Date.now() + AFTER_MS, signal);

      await Promise.all(loads.map((load) => load.stop()));
      return flappingReport({
        originId: FLAPPING.id,
        trialPermits: BREAKER.trialPermits,
        asked: loads.flatMap(({ records }) =>
          records.map((one): Asked => ({ ...one, sentMs: startedMs + one.sentAtMs })),
        ),
        visits: relay.visits,
        transitions: (await inspect()).transitions,
        spells: watch.spells,
        stepMs: RAMP.stepSeconds * 1_000,
        failingSinceMs,
        endMs: Date.now(),
      });
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
      await workerd.stop();
    }
  } finally {
    await relay.stop();
  }
}

/** Where the demo's origins are, by id. */
async function urlsOf({ controlUrl }: Stage): Promise<Map<string, string>> {
  const answer = await fetch(`${controlUrl}/origins`);
  const { origins } = (await answer.json()) as { origins: readonly { id: string; url: string }[] };
  return new Map(origins.map(({ id, url }) => [id, url]));
}

/** The demo's configuration with the relay before the origin, and everybody sent there first. */
function flappingConfig(originUrls: ReadonlyMap<string, string>, relay: Relay): Config {
  const firstPort = Math.min(...[...originUrls.values()].map((url) => Number(new URL(url).port)));
  const moved = rebased(config, firstPort);
  const demo = moved.services["demo"]!;
  for (const pool of Object.values(demo.pools))
    for (const origin of pool.origins) if (origin.id === FLAPPING.id) origin.url = `http://127.0.0.1:${relay.port}`;
  const changed = {
    ...demo,
    steering: { ...demo.steering, policy: "failover" as const },
    breaker: { ...demo.breaker, ...BREAKER },
    ramp: { ...demo.ramp, ...RAMP },
  };
  return defineConfig({ ...moved, services: { demo: changed } });
}

/** Looks at the origin's breaker again and again, and tells what has changed. */
class BreakerWatch {
  readonly spells: Spell[];
  /** How often it was seen to go out, everywhere. */
  ejections = 0;
  isFailing = false;
  readonly #inspect: () => Promise<OriginInspection>;
  readonly #tell: (event: string) => void;
  #told = 0;
  /** When the last look began. */
  #lookedMs: number;
  #wasEjected = false;

  constructor(inspect: () => Promise<OriginInspection>, tell: (event: string) => void, startedMs: number) {
    this.#inspect = inspect;
    this.#tell = tell;
    this.spells = [{ fromMs: startedMs, unseenMs: 0, kind: "well", admission: 1 }];
    this.#lookedMs = startedMs;
  }

  get kind(): Spell["kind"] {
    return this.spells.at(-1)!.kind;
  }

  /** Watches until the time has come, or what is waited for. */
  async until(atMs: number, signal: AbortSignal, isOver: () => boolean = () => false): Promise<void> {
    while (Date.now() < atMs && !isOver()) {
      const beganMs = Date.now();
      this.#look(await this.#inspect(), Date.now());
      this.#lookedMs = beganMs;
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  #look({ transitions, states, agreement }: OriginInspection, nowMs: number): void {
    for (const { scope, from, to, reason } of transitions.slice(this.#told)) {
      const where = scope === "world" ? "everywhere" : `in ${scope}`;
      this.#tell(`${where}: ${from} to ${to} (${reason})`);
      if (scope === "world" && to === "open") this.ejections++;
      this.#wasEjected ||= scope === "world";
    }
    this.#told = transitions.length;
    const admission = Math.min(...Object.values(states).map((state) => state.admission));
    const kind = this.#kindOf(agreement.world.phase !== "closed", admission);
    const before = this.spells.at(-1)!;
    if (kind === before.kind && admission === before.admission) return;
    this.spells.push({ fromMs: nowMs, unseenMs: nowMs - this.#lookedMs, kind, admission });
    if (kind === "ramp") this.#tell(`everywhere: takes ${Math.round(admission * 100)} % of its requests`);
    if (kind === "kept") this.#tell("everywhere: takes all of its requests");
  }

  #kindOf(isOut: boolean, admission: number): Spell["kind"] {
    if (isOut) return "out";
    if (admission < 1) return "ramp";
    if (!this.isFailing) return this.#wasEjected ? "kept" : "well";
    return "failing";
  }
}

function tellErrors(tell: (event: string) => void): (record: { city: string; error: string | undefined }) => void {
  let errors = 0;
  return ({ city, error }) => {
    if (error !== undefined && ++errors <= 3) tell(`${city} sees an error: ${error}`);
  };
}
