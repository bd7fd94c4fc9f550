/** Which priority level a request has, by the service's rules. */
import type { PrioritiesConfig, Priority } from "../config/priorities.ts";
import type { KeyFacts } from "../rate-limit/key.ts";
import { pathMatcher } from "../rate-limit/match.ts";

export interface LevelReader {
  readonly wantsClaims: boolean;
  /** The level by the first rule that fits; null where no rule says anything and no default was written. */
  read(facts: KeyFacts): Priority | null;
}

export function levelReader(config: PrioritiesConfig | undefined): LevelReader {
  if (config === undefined) return { wantsClaims: false, read: () => null };
  const rules = config.rules.map((rule) => ({ ...rule, fitsPath: pathMatcher(rule.paths) }));
  return {
    wantsClaims: rules.some((rule) => rule.claim !== undefined),
    read(facts) {
      const fitting = rules.find(
        ({ fitsPath, header, claim }) =>
          fitsPath(facts.path) &&
          (header === undefined || fits(facts.header(header.name), header.value)) &&
          (claim === undefined || fits(facts.claim(claim.name), claim.value)),
      );
      return fitting?.level ?? config.default ?? null;
    },
  };
}

function fits(value: string | null, wanted: string | undefined): boolean {
  return value !== null && (wanted === undefined || value === wanted);
}
