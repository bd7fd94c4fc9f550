/** The retry rule of a request: the service's, what its path changes, and what its client asks for where it may. */
import type { RetryConfig, RetryRule } from "../config/retry.ts";
import { attemptsAsked } from "../resilience/retry.ts";
import { pathMatches } from "../steering/narrow.ts";

export type RetryPlan = (path: string, headers: Pick<Headers, "get">) => RetryRule;

/** Lays every override over the service's rule once, so that requests only choose. */
export function makeRetryPlan(config: RetryConfig): RetryPlan {
  const overrides = config.overrides.map(({ paths, retry }) => ({ paths, rule: laidOver(config, retry) }));
  return (path, headers) => {
    let rule: RetryRule = config;
    for (const override of overrides) {
      if (!override.paths.some((pattern) => pathMatches(pattern, path))) continue;
      rule = override.rule;
      break;
    }
    if (!config.requestHeader) return rule;
    const attempts = attemptsAsked(headers.get("Fairlead-Retry"), rule.attempts);
    return attempts === rule.attempts ? rule : { ...rule, attempts };
  };
}

function laidOver(config: RetryConfig, over: RetryConfig["overrides"][number]["retry"]): RetryRule {
  const said = Object.entries(over).filter(([, value]) => value !== undefined);
  return { ...config, ...(Object.fromEntries(said) as Partial<RetryRule>) };
}
