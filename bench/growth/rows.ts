/** What grows, measured at one size: time of decisions, syncs and purges, and memory of what is known. */
import { serialize } from "node:v8";
import { answerSync } from "../../src/agreement/hub-state.ts";
import type { Override } from "../../src/agreement/override.ts";
import { purgeKey, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { change, emptySection, type SectionState } from "../../src/agreement/section.ts";
import { newView } from "../../src/agreement/view-state.ts";
import { purgeVerdict } from "../../src/cache/purge.ts";
import { makeServiceCache } from "../../src/proxy/cache-plan.ts";
import { makeRouter } from "../../src/proxy/route.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import type { RegionView } from "../../src/view/region-view.ts";
import { retainedBytes, time, type Side } from "../micro/harness.ts";
import { benchService, storedAt } from "../micro/scene.ts";
import { requests } from "../steering/scene.ts";
import { syncOnce, viewOf } from "./isolate.ts";
import { configOf, hubOf, purgeMark, reading } from "./scene.ts";

/** Figures by name, apart by the order of growth that is promised. */
export interface Row {
  /** What does not grow, or hardly: what every request or every change costs. */
  readonly constant: Readonly<Record<string, number>>;
  /** What grows with the number of things, and no faster. */
  readonly linear: Readonly<Record<string, number>>;
}

type Jobs = Readonly<Record<string, () => unknown>>;

const FIRST_SYNC = { isolate: "bench", region: "enam", protocol: 1, have: null, report: null, lease: false } as const;

export async function byOrigins(origins: number, rounds: number): Promise<Row> {
  const hub = hubOf(origins, 0);
  const view = newView("bench", "enam", "");
  syncOnce(hub, view);
  const config = configOf(1, origins);
  const isolate = viewOf(config);
  const state = isolate.services.get("service-0")!;
  const asked = requests(64);
  let turn = 0;
  const constant = await micros(rounds, {
    "one reading changed, told and taken, us": () => {
      change(hub.origins, [{ key: "origin-1", value: reading(turn++) }]);
      return syncOnce(hub, view);
    },
  });
  const linear = await micros(rounds, {
    "decision, us": () => nextCandidate(state, asked[turn++ & 63]!, [], Date.now()),
    "an override laid by an isolate, us": layOverride(isolate),
    "whole view made by the hub, us": () => answerSync(hub, FIRST_SYNC, true, 0),
    "whole view taken by an isolate, us": () => syncOnce(hub, newView("bench", "enam", "")),
  });
  return {
    constant,
    linear: {
      ...linear,
      "whole view, bytes sent": serialize(answerSync(hub, FIRST_SYNC, true, 0).delta).byteLength,
      "an isolate's view, bytes held": retainedBytes(() => viewOf(config)),
      "a hub's readings, bytes held": retainedBytes(() => hubOf(origins, 0)),
    },
  };
}

export async function byServices(services: number, rounds: number): Promise<Row> {
  const config = configOf(services, 4);
  const isolate = viewOf(config);
  const route = makeRouter(Object.entries(config.services).map(([name, service]) => ({ name, config: service })));
  const asked = requests(64);
  let turn = 0;
  const constant = await micros(rounds, {
    "route and decision, us": () => {
      const { name } = route(`service-${turn % services}.test`, "/")!;
      return nextCandidate(isolate.services.get(name)!, asked[turn++ & 63]!, [], Date.now());
    },
  });
  const linear = await micros(rounds, { "an override laid by an isolate, us": layOverride(isolate) });
  return {
    constant,
    linear: { ...linear, "an isolate's view, bytes held": retainedBytes(() => viewOf(config)) },
  };
}

export async function byPurges(purges: number, rounds: number): Promise<Row> {
  const hub = hubOf(4, purges);
  const log = hub.logged.purges;
  const view = newView("bench", "enam", "");
  syncOnce(hub, view);
  const index = indexOf(view.logged.purges);
  const stored = { ...storedAt(0), epoch: 0 };
  if (purgeVerdict(stored, index) !== "fresh") throw new Error("Expected a verdict that has to look at everything");
  const mark = { ...purgeMark(purges), epoch: purges + 1 };
  const key = purgeKey(mark);
  const constant = await micros(rounds, {
    "verdict on a stored answer, all purges newer, us": () => purgeVerdict(stored, index),
    "one more purge, told and taken, us": () => {
      change(log, [{ key, value: mark }]);
      return syncOnce(hub, view);
    },
    "one more purge, told, taken and indexed, us": () => {
      change(log, [{ key, value: mark }]);
      syncOnce(hub, view);
      index.update(view.logged.purges);
    },
  });
  const linear = await micros(rounds, {
    "whole log made by the hub, us": () => answerSync(hub, FIRST_SYNC, true, 0),
    "whole log taken by an isolate, us": () => syncOnce(hub, newView("bench", "enam", "")),
    "index made by a cold isolate, us": () => indexOf(log),
  });
  return {
    constant,
    linear: {
      ...linear,
      "whole log, bytes sent": serialize(answerSync(hub, FIRST_SYNC, true, 0).delta).byteLength,
      "log and index, bytes held": retainedBytes(() => {
        const { purges: held } = hubOf(4, purges).logged;
        return [held, indexOf(held)];
      }),
    },
  };
}

/** Another weight for the same origin, time after time. */
function layOverride(isolate: RegionView): () => void {
  const overrides = emptySection<Override>();
  let weight = 0;
  return () => {
    const value = {
      kind: "weight",
      origin: "origin-1",
      weight: (weight = (weight % 5) + 1),
      expiresAtMs: null,
    } as const;
    isolate.takeIn({ overrides: change(overrides, [{ key: "weight/origin-1", value }]) });
  };
}

/** As a service's cache makes it in an isolate that has just got the log. */
function indexOf(section: SectionState<PurgeMark>) {
  const cache = makeServiceCache("shop", benchService.cache, () => {
    throw new Error("Expected nothing to be stored");
  });
  return cache!.purges(section);
}

/** The us of each in its best round: what else runs on the machine only ever adds, and not to all sizes alike. */
async function micros(rounds: number, jobs: Jobs): Promise<Record<string, number>> {
  const sides = Object.entries(jobs).map(([name, once]): Side => ({
    name,
    run(count) {
      for (let index = 0; index < count; index++) once();
    },
  }));
  return Object.fromEntries(
    (await time(sides, rounds)).map(({ side, roundsUs }) => [side.name, Math.min(...roundsUs)]),
  );
}
