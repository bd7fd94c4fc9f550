/** Hubs, configurations and purges of any size. */
import type { OriginReading } from "../../src/agreement/protocol.ts";
import { purgeKey, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { change } from "../../src/agreement/section.ts";
import { startHub, type HubState } from "../../src/agreement/hub-state.ts";
import { defineConfig } from "../../src/config/define.ts";
import { REGIONS } from "../../src/config/region.ts";
import type { Config } from "../../src/config/schema.ts";

export const PURGE: PurgeMark = {
  kind: "url",
  service: "shop",
  value: "shop.test/articles/42?page=2",
  soft: false,
  epoch: 1,
};

/** What a hub says of one origin in good order. */
export function reading(index: number): OriginReading {
  return {
    breaker: "closed",
    healthy: true,
    admission: 1,
    latencyMs: 20 + (index % 100),
    latencyAgeMs: 400,
    latencySamples: 50,
    inFlight: index % 7,
    load: 0.25,
    kept: 1,
    saturation: 0.1,
  };
}

/** Of every ten purges. */
const KINDS = ["url", "url", "url", "url", "url", "tag", "tag", "tag", "prefix", "host"] as const;

/** Of many purges, the oldest, which have been folded. */
const FOLDED_SHARE = 0.2;

/** One of many purges of different things, none of which is what `storedAt` has. */
export function purgeMark(epoch: number): PurgeMark {
  const kind = KINDS[epoch % KINDS.length]!;
  const values = {
    url: `shop.test/items/${epoch}?page=1`,
    tag: `item-${epoch}`,
    prefix: `shop.test/items/${epoch}/`,
    host: `shop-${epoch}.test`,
  };
  return { kind, service: null, value: values[kind], soft: false, epoch };
}

/** What is left of one that was folded: of as few hashes as folding leaves, and not of those of what `storedAt` has. */
function foldedMark(epoch: number): PurgeMark {
  return { kind: "hash", service: null, value: (32_768 + (epoch % 8_192)).toString(36), soft: false, epoch };
}

/** A hub that knows so many origins and so many purges. */
export function hubOf(origins: number, purges: number): HubState {
  const hub = startHub({ name: "enam", region: "enam", instance: "bench" }, 0, 0, 0);
  change(
    hub.origins,
    Array.from({ length: origins }, (_, index) => ({ key: `origin-${index}`, value: reading(index) })),
  );
  for (let epoch = 1; epoch <= purges; epoch++) {
    const mark = epoch <= purges * FOLDED_SHARE ? foldedMark(epoch) : purgeMark(epoch);
    change(hub.logged.purges, [{ key: purgeKey(mark), value: mark }]);
  }
  return hub;
}

/** Services with pools of up to ten origins around the globe. */
export function configOf(services: number, originsEach: number): Config {
  const poolsEach = Math.max(1, Math.ceil(originsEach / 10));
  return defineConfig({
    services: Object.fromEntries(
      Array.from({ length: services }, (_, service) => [
        `service-${service}`,
        {
          hosts: [`service-${service}.test`],
          pools: Object.fromEntries(
            Array.from({ length: poolsEach }, (_, pool) => [
              `pool-${service}-${pool}`,
              {
                region: REGIONS[pool % REGIONS.length]!,
                origins: Array.from({ length: Math.ceil(originsEach / poolsEach) }, (_, origin) => ({
                  id: `origin-${(service * poolsEach + pool) * Math.ceil(originsEach / poolsEach) + origin}`,
                  url: `http://o${service}-${pool}-${origin}.test`,
                })),
              },
            ]),
          ),
          steering: { policy: "latency" as const },
        },
      ]),
    ),
  });
}
