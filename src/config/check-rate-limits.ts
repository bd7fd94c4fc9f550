/** The rules of a service's limits, priorities and auth that no single field can know. */
import { expectation, type ConfigProblem } from "./problem.ts";
import type { RateLimitConfig } from "./rate-limits.ts";
import type { Config } from "./schema.ts";
import type { ServiceConfig } from "./service.ts";

/** A log keeps the time of every unit: beyond this it is neither small nor quick. */
const LARGEST_LOG = 10_000;

/** The periods a Workers rate-limit binding can have, in seconds. */
const BINDING_PERIODS = [10, 60];

type Path = readonly PropertyKey[];

/** @returns every broken rule, service by service. */
export function checkRateLimits(config: Config): ConfigProblem[] {
  return Object.entries(config.services).flatMap(([name, service]) => checkService(service, ["services", name]));
}

function checkService(service: ServiceConfig, path: Path): ConfigProblem[] {
  const names = service.rateLimits.map((limit) => limit.name);
  return [
    ...checkAuth(service, path),
    ...checkPriorities(service, path),
    ...service.rateLimits.flatMap((limit, index) => {
      const here = [...path, "rateLimits", index];
      const problems = checkLimit(limit, service, here);
      if (names.indexOf(limit.name) < index)
        problems.unshift(expectation([...here, "name"], "a name not used before in this service", limit.name));
      return problems;
    }),
  ];
}

function checkLimit(limit: RateLimitConfig, service: ServiceConfig, here: Path): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const expect = (holds: boolean, field: Path, expected: string, received: unknown) => {
    if (!holds) problems.push(expectation([...here, ...field], expected, received));
  };
  const { algorithm, mode, burst, cost, binding } = limit;
  expect(burst === undefined || algorithm === "token-bucket", ["burst"], "absent (only `token-bucket` has one)", burst);
  expect(
    !(algorithm === "concurrency" && mode === "leased"),
    ["mode"],
    "`exact` or `local` (a place in flight can't be lent ahead)",
    mode,
  );
  expect(
    algorithm !== "sliding-log" || limit.limit <= LARGEST_LOG,
    ["limit"],
    `at most ${LARGEST_LOG} for \`sliding-log\` (\`sliding-window\` has no such bound)`,
    limit.limit,
  );
  const atOnce = burst ?? limit.limit;
  expect(
    typeof cost !== "number" || cost <= atOnce,
    ["cost"],
    `at most ${atOnce}, or no request would ever be let in`,
    cost,
  );
  expect(binding === undefined || mode === "local", ["binding"], "absent (only mode `local` uses one)", binding);
  expect(
    binding === undefined || BINDING_PERIODS.includes(limit.windowSeconds),
    ["windowSeconds"],
    "10 or 60, the periods a rate-limit binding can have",
    limit.windowSeconds,
  );
  limit.key.forEach((key, index) => {
    const wantsClaim = key.split("+").some((part) => part.startsWith("jwt:"));
    expect(
      !wantsClaim || service.auth !== undefined,
      ["key", index],
      "a key without `jwt:` (a claim counts only if `auth` says how to verify it)",
      key,
    );
  });
  return problems;
}

function checkAuth({ auth }: ServiceConfig, path: Path): ConfigProblem[] {
  if (auth === undefined) return [];
  const { jwks, secret, algorithms = [] } = auth.jwt;
  const here = [...path, "auth", "jwt"];
  if ((jwks === undefined) === (secret === undefined))
    return [expectation(here, "either a `jwks` or a `secret`", { jwks, secret })];
  return algorithms.flatMap((name, index) =>
    isShared(name) === (secret !== undefined)
      ? []
      : [
          expectation(
            [...here, "algorithms", index],
            secret === undefined
              ? "a signature with a public key, for a `jwks`"
              : "HS256, HS384 or HS512, for a `secret`",
            name,
          ),
        ],
  );
}

function isShared(algorithm: string): boolean {
  return algorithm.startsWith("HS");
}

function checkPriorities({ auth, priorities }: ServiceConfig, path: Path): ConfigProblem[] {
  if (auth !== undefined || priorities === undefined) return [];
  return priorities.rules.flatMap((rule, index) =>
    rule.claim === undefined
      ? []
      : [
          expectation(
            [...path, "priorities", "rules", index, "claim"],
            "absent (a claim counts only if `auth` says how to verify it)",
            rule.claim,
          ),
        ],
  );
}
