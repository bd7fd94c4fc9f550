/** The cross-field rules of breakers and monitors, judged as they come out for each pool. */
import { poolSettings, type OriginSettings } from "./origin-settings.ts";
import { expectation, type ConfigProblem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** Every broken rule of the service's own sections and of each pool's differences; a rule broken by both is told once. */
export function checkResilience(config: Config): ConfigProblem[] {
  return Object.entries(config.services).flatMap(([name, service]) => {
    const inService = checkSettings(service, ["services", name]);
    const inPools = Object.entries(service.pools).flatMap(([poolName, pool]) =>
      pool.breaker === undefined && pool.monitor === undefined
        ? []
        : checkSettings(poolSettings(service, pool), ["services", name, "pools", poolName]),
    );
    return inService.length > 0 ? inService : inPools;
  });
}

function checkSettings({ breaker, monitor }: Pick<OriginSettings, "breaker" | "monitor">, path: string[]) {
  const problems: ConfigProblem[] = [];
  const wrong = (section: string, field: string, expected: string, received: unknown) =>
    problems.push(expectation([...path, section, field], expected, received));

  if (breaker.slowMs === undefined && breaker.slowRatio !== undefined)
    wrong("breaker", "slowMs", "given together with `slowRatio`", breaker.slowMs);
  if (breaker.slowRatio === undefined && breaker.slowMs !== undefined)
    wrong("breaker", "slowRatio", "given together with `slowMs`", breaker.slowRatio);
  if (breaker.maxOpenSeconds < breaker.openSeconds)
    wrong("breaker", "maxOpenSeconds", `at least \`openSeconds\` (${breaker.openSeconds})`, breaker.maxOpenSeconds);
  if (monitor.expectedBody !== undefined && (monitor.type === "tcp" || monitor.method !== "GET"))
    wrong("monitor", "expectedBody", "absent, because only an http GET brings a body", monitor.expectedBody);
  return problems;
}
