/** The cross-field rules of steering: every pool that is named exists. */
import type { PoolConfig } from "./pool.ts";
import { expectation, type ConfigProblem } from "./problem.ts";
import type { SteeringConfig } from "./steering.ts";

/** What of a service these rules read. */
interface Steered {
  readonly pools: Readonly<Record<string, PoolConfig>>;
  readonly steering: SteeringConfig;
}

/**
 * Judges the steering of one service.
 *
 * @param path of the service in the configuration
 */
export function checkSteering(path: readonly string[], { pools, steering }: Steered): ConfigProblem[] {
  const { default: otherwise, ...maps } = steering.geo;
  const geo = [...path, "steering", "geo"];
  return [
    ...unknownPools([...geo, "default"], otherwise, pools),
    ...Object.entries(maps).flatMap(([kind, lists]) =>
      Object.entries(lists).flatMap(([code, list]) => unknownPools([...geo, kind, code], list ?? [], pools)),
    ),
    ...emptyGeo(geo, steering),
    ...steering.rules.flatMap(({ then }, index) => [
      ...unknownPools([...path, "steering", "rules", index, "then", "pools"], then.pools ?? [], pools),
      ...(Object.keys(then).length === 0
        ? [expectation([...path, "steering", "rules", index, "then"], "`pools`, `policy` or `respond`", then)]
        : []),
    ]),
    ...emptyFilters([...path, "steering", "filters"], steering),
  ];
}

function unknownPools(path: readonly PropertyKey[], list: readonly string[], pools: Steered["pools"]): ConfigProblem[] {
  return list.flatMap((name, index) =>
    Object.hasOwn(pools, name)
      ? []
      : [expectation([...path, index], `a pool of this service (${Object.keys(pools).join(", ")})`, name)],
  );
}

function emptyGeo(path: readonly string[], { policy, geo }: SteeringConfig): ConfigProblem[] {
  const named = Object.values(geo).some((lists) => Object.keys(lists).length > 0);
  return policy === "geo" && !named
    ? [expectation(path, "at least one list, because the policy is `geo`", geo.default)]
    : [];
}

function emptyFilters(path: readonly string[], { filters }: SteeringConfig): ConfigProblem[] {
  return filters.flatMap(({ labels, region, version }, index) =>
    Object.keys(labels).length === 0 && region === undefined && version === undefined
      ? [expectation([...path, index], "a filter on `labels`, `region` or `version`", {})]
      : [],
  );
}
