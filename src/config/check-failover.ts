/** The cross-field rules of backups: each names something of the service, once, and a primary is left. */
import type { FailoverConfig } from "./failover.ts";
import type { PoolConfig } from "./pool.ts";
import { expectation, type ConfigProblem } from "./problem.ts";

/** What of a service these rules read. */
interface BackedUp {
  readonly pools: Readonly<Record<string, PoolConfig>>;
  readonly failover: FailoverConfig;
}

/**
 * Judges the backups of one service.
 *
 * @param path of the service in the configuration
 */
export function checkFailover(path: readonly string[], { pools, failover }: BackedUp): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const taken = new Map<string, string>();
  const origins = Object.entries(pools).flatMap(([pool, config]) => config.origins.map(({ id }) => ({ id, pool })));
  failover.backups.forEach((name, index) => {
    const at = [...path, "failover", "backups", index];
    const meant = origins.filter(({ id, pool }) => pool === name || id === name);
    const twice = meant.find(({ id }) => taken.has(id));
    if (!Object.hasOwn(pools, name) && meant.length === 0)
      problems.push(
        expectation(at, `a pool or an origin of this service (pools: ${Object.keys(pools).join(", ")})`, name),
      );
    else if (Object.hasOwn(pools, name) && meant.some(({ pool }) => pool !== name))
      problems.push(expectation(at, "a name that only a pool or only an origin has", name));
    else if (twice !== undefined)
      problems.push(
        expectation(at, `a backup not named before (\`${taken.get(twice.id)}\` has \`${twice.id}\`)`, name),
      );
    for (const { id } of meant) taken.set(id, name);
  });
  if (problems.length === 0 && origins.length > 0 && origins.every(({ id }) => taken.has(id))) {
    const all = [...path, "failover", "backups"];
    problems.push(expectation(all, "fewer than all origins, so that there is something to back up", failover.backups));
  }
  return problems;
}
