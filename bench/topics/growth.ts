/** Topic `growth`: how memory and time of view, sync and decision grow with origins, services and purges. */
import { serialize } from "node:v8";
import { answerSync, type HubState } from "../../src/agreement/hub-state.ts";
import { viewOf } from "../growth/isolate.ts";
import { configOf, hubOf, purgeMark, reading } from "../growth/scene.ts";
import { exponentOf } from "../growth/fit.ts";
import { measure, retainedBytes, type Side } from "../micro/harness.ts";
import { requests } from "../steering/scene.ts";
import { change } from "../../src/agreement/section.ts";
import type { PurgeMark } from "../../src/agreement/purge-mark.ts";
import { purgeKey } from "../../src/agreement/purge-mark.ts";
import type { SectionState } from "../../src/agreement/section.ts";
import { purgeVerdict } from "../../src/cache/purge.ts";
import { makeServiceCache } from "../../src/proxy/cache-plan.ts";
import { nextCandidate } from "../../src/steering/candidates.ts";
import { makeRouter } from "../../src/proxy/route.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { benchService, storedAt } from "../micro/scene.ts";

const ORIGINS = [4, 20, 100, 1_000];
const SERVICES = [1, 10, 100];
const PURGES = [100, 1_000, 10_000, 100_000];

/** Most that an exponent may be over the one promised: small sizes carry a constant share, large ones leave the caches. */
const SLACK = 0.25;

type Row = Readonly<Record<string, number>>;

export async function run(report: Reporter, { quick }: TopicOptions): Promise<void> {
  const rounds = quick ? 5 : 15;
  await tell(report, "origins", ORIGINS, 1, (size) => byOrigins(size, rounds));
  await tell(report, "services of 4 origins", SERVICES, 1, (size) => byServices(size, rounds));
  await tell(report, "purges", PURGES, 1, (size) => byPurges(size, rounds));
}

/** @param order what nothing may exceed: 1 is linear */
async function tell(
  report: Reporter,
  what: string,
  sizes: readonly number[],
  order: number,
  measureAt: (size: number) => Promise<Row>,
): Promise<void> {
  const rows: Row[] = [];
  await measureAt(sizes[0]!); // So that the first size does not pay for compiling.
  for (const size of sizes) rows.push(await measureAt(size));
  const exponents = Object.keys(rows[0]!).map((figure) => {
    const points = rows.map((row, index) => [sizes[index]!, Math.max(row[figure]!, 1e-6)] as const);
    return { figure, exponent: exponentOf(points) };
  });
  report.table(
    exponents.map(({ figure, exponent }) => ({
      [`by ${what}`]: figure,
      ...Object.fromEntries(
        rows.map((row, index) => [`n = ${sizes[index]!.toLocaleString("en")}`, digits(row[figure]!)]),
      ),
      "grows with the power": exponent.toFixed(2),
    })),
  );
  const steepest = exponents.toSorted((a, b) => b.exponent - a.exponent)[0]!;
  report.figure({
    figure: `by ${what}, the steepest (${steepest.figure}) grows with the power`,
    value: steepest.exponent,
    unit: "",
    target: { atMost: order + SLACK },
  });
}

async function byOrigins(origins: number, rounds: number): Promise<Row> {
  const hub = hubOf(origins, 0);
  const config = configOf(1, origins);
  const isolate = viewOf(config);
  const state = isolate.services.get("service-0")!;
  const asked = requests(64);
  let turn = 0;
  const request = { isolate: "bench", region: "enam", protocol: 1, have: null, report: null, lease: false } as const;
  const costs = await micros(rounds, {
    "decision, us": () => nextCandidate(state, asked[turn++ & 63]!, [], Date.now()),
    "whole view made by the hub, us": () => answerSync(hub, request, true, 0),
    "one change and its delta, us": () => {
      const have = versionsOf(hub);
      change(hub.origins, [{ key: "origin-1", value: reading(turn++) }]);
      return answerSync(hub, { ...request, have }, true, 0);
    },
  });
  return {
    ...costs,
    "whole view, bytes sent": serialize(answerSync(hub, request, true, 0).delta).byteLength,
    "an isolate's view, bytes held": retainedBytes(() => viewOf(config)),
    "a hub's readings, bytes held": retainedBytes(() => hubOf(origins, 0)),
  };
}

async function byServices(services: number, rounds: number): Promise<Row> {
  const config = configOf(services, 4);
  const isolate = viewOf(config);
  const route = makeRouter(Object.entries(config.services).map(([name, service]) => ({ name, config: service })));
  const asked = requests(64);
  let turn = 0;
  const costs = await micros(rounds, {
    "route and decision, us": () => {
      const { name } = route(`service-${turn % services}.test`, "/")!;
      return nextCandidate(isolate.services.get(name)!, asked[turn++ & 63]!, [], Date.now());
    },
  });
  return { ...costs, "an isolate's view, bytes held": retainedBytes(() => viewOf(config)) };
}

async function byPurges(purges: number, rounds: number): Promise<Row> {
  const hub = hubOf(4, purges);
  const section = hub.logged.purges;
  const toIndex = hubOf(4, purges).logged.purges;
  const index = indexOf(section);
  const stored = { ...storedAt(0), epoch: 0 };
  const request = { isolate: "bench", region: "enam", protocol: 1, have: null, report: null, lease: false } as const;
  const mark = { ...purgeMark(purges), epoch: purges };
  const again = (to: SectionState<PurgeMark>) => change(to, [{ key: purgeKey(mark), value: mark }]);
  const kept = indexOf(toIndex);
  if (purgeVerdict(stored, index) !== "fresh") throw new Error("Expected a verdict that has to look at everything");
  const costs = await micros(rounds, {
    "verdict on a stored answer, us": () => purgeVerdict(stored, index),
    "whole log made by the hub, us": () => answerSync(hub, request, true, 0),
    "index made by a cold isolate, us": () => indexOf(section),
    "one more purge and its delta, us": () => {
      const have = versionsOf(hub);
      again(section);
      return answerSync(hub, { ...request, have }, true, 0);
    },
    "one more purge taken into the index, us": () => {
      again(toIndex);
      kept.update(toIndex);
    },
  });
  return {
    ...costs,
    "whole log, bytes sent": serialize(answerSync(hub, request, true, 0).delta).byteLength,
    "log and index, bytes held": retainedBytes(() => {
      const held = hubOf(4, purges);
      return [held, indexOf(held.logged.purges)];
    }),
  };
}

/** As a service's cache makes it in an isolate that has just got the log. */
function indexOf(section: SectionState<PurgeMark>) {
  const cache = makeServiceCache("shop", benchService.cache, () => {
    throw new Error("Expected nothing to be stored");
  });
  return cache!.purges(section);
}

/** Median us of each. */
async function micros(rounds: number, once: Readonly<Record<string, () => unknown>>): Promise<Record<string, number>> {
  const sides = Object.entries(once).map(([name, run]): Side => ({
    name,
    run(count) {
      for (let index = 0; index < count; index++) run();
    },
  }));
  return Object.fromEntries((await measure(sides, rounds)).map(({ name, us }) => [name, us]));
}

function versionsOf({ instance, origins, logged }: HubState) {
  return {
    base: "",
    hub: instance,
    overrides: logged.overrides.version,
    purges: logged.purges.version,
    flags: logged.flags.version,
    sessions: logged.sessions.version,
    origins: origins.version,
  };
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
