/** The cross-field rules of a configuration: what no single field can know. */
import type { Config } from "./schema.ts";
import { checkAffinity } from "./check-affinity.ts";
import { checkFailover } from "./check-failover.ts";
import { checkRateLimits } from "./check-rate-limits.ts";
import { checkResilience } from "./check-resilience.ts";
import { checkSteering } from "./check-steering.ts";
import { expectation, type ConfigProblem } from "./problem.ts";

/**
 * Judges a configuration whose fields are each valid.
 *
 * @returns every broken rule, in the order of the configuration; empty when all hold.
 */
export function checkConfig(config: Config): ConfigProblem[] {
  return [
    ...checkRegions(config),
    ...checkServices(config),
    ...checkHosts(config),
    ...checkAffinity(config),
    ...checkResilience(config),
    ...checkRateLimits(config),
  ];
}

function checkRegions(config: Config): ConfigProblem[] {
  return duplicates(config.regions).map((index) =>
    expectation(["regions", index], "a region not named before", config.regions[index]),
  );
}

function checkServices(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seenOrigins = new Map<string, string>();
  if (Object.keys(config.services).length === 0)
    problems.push(expectation(["services"], "at least one service", config.services));
  for (const [serviceName, service] of Object.entries(config.services)) {
    if (Object.keys(service.pools).length === 0) {
      problems.push(
        expectation(
          ["services", serviceName, "pools"],
          "at least one pool, so that the service has an origin",
          service.pools,
        ),
      );
    }
    problems.push(...checkSteering(["services", serviceName], service));
    problems.push(...checkFailover(["services", serviceName], service));
    for (const [poolName, pool] of Object.entries(service.pools)) {
      pool.origins.forEach((origin, index) => {
        const path = ["services", serviceName, "pools", poolName, "origins", index];
        const first = seenOrigins.get(origin.id);
        if (first === undefined) seenOrigins.set(origin.id, [...path, "id"].join("."));
        else
          problems.push(expectation([...path, "id"], `an id not used before (it is taken by \`${first}\`)`, origin.id));
        const fault = originUrlFault(origin.url);
        if (fault !== null) problems.push(expectation([...path, "url"], fault, withoutCredentials(origin.url)));
      });
    }
  }
  return problems;
}

/** Two services may share a host only if no path pattern is in both. */
function checkHosts(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const owners = new Map<string, string>();
  for (const [serviceName, service] of Object.entries(config.services)) {
    service.hosts.forEach((host, index) => {
      for (const path of service.paths) {
        const owner = owners.get(`${host} ${path}`);
        if (owner === undefined) owners.set(`${host} ${path}`, serviceName);
        else
          problems.push(
            expectation(
              ["services", serviceName, "hosts", index],
              `a host whose path \`${path}\` is not taken (service \`${owner}\` has it)`,
              host,
            ),
          );
      }
    });
  }
  return problems;
}

/** What an origin URL should have been, or null when it is fine. */
export function originUrlFault(text: string): string | null {
  if (!URL.canParse(text)) return "an absolute http or https URL";
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "an http or https URL";
  if (url.username !== "" || url.password !== "")
    return "a URL without credentials (send them with `headers` and a secret)";
  if (url.search !== "" || url.hash !== "") return "a URL without query and fragment";
  return null;
}

/** For messages. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//***@");
}

function duplicates(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
