/** The cross-field rules of sessions: names that a mode needs, what browsers ask of a cookie, and what a group shares. */
import { usesCookie } from "../affinity/session-key.ts";
import type { AffinityConfig } from "./affinity.ts";
import { fieldNameSchema } from "./header.ts";
import { expectation, type ConfigProblem } from "./problem.ts";
import type { Config } from "./schema.ts";

interface Sticky {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly pools: readonly string[];
  readonly affinity: AffinityConfig;
}

/** Judges the sessions of every service. */
export function checkAffinity(config: Config): ConfigProblem[] {
  const services = Object.entries(config.services).flatMap(([name, { hosts, pools, affinity }]): Sticky[] =>
    affinity === undefined || affinity.mode === "none" ? [] : [{ name, hosts, pools: Object.keys(pools), affinity }],
  );
  return services.flatMap((service, index) => {
    const path = ["services", service.name, "affinity"];
    return [
      ...checkKey(path, service.affinity),
      ...checkCookie([...path, "cookie"], service.affinity),
      ...services
        .slice(0, index)
        .flatMap((other) => [...checkGroup(path, service, other), ...checkSharedCookie(path, service, other)])
        .slice(0, 1),
    ];
  });
}

function checkKey(path: readonly string[], affinity: AffinityConfig): ConfigProblem[] {
  const { mode, name, sliding, idleSeconds, ttlSeconds } = affinity;
  const problems: ConfigProblem[] = [];
  if ((mode === "header" || mode === "query") && name === undefined)
    problems.push(
      expectation([...path, "name"], `the ${mode === "header" ? "field" : "parameter"} that names the session`, name),
    );
  if (mode === "header" && name !== undefined && !fieldNameSchema.safeParse(name).success)
    problems.push(expectation([...path, "name"], "an HTTP field name", name));
  if (sliding && idleSeconds > ttlSeconds)
    problems.push(expectation([...path, "idleSeconds"], `at most \`ttlSeconds\` (${ttlSeconds})`, idleSeconds));
  return problems;
}

/** What browsers refuse without a word (draft-ietf-httpbis-rfc6265bis sections 4.1.3 and 5.6; CHIPS). */
function checkCookie(path: readonly string[], affinity: AffinityConfig): ConfigProblem[] {
  if (!usesCookie(affinity)) return [];
  const { name, secure, sameSite, domain, partitioned } = affinity.cookie;
  const prefix = /^__(?:host|secure)-/i.exec(name)?.[0];
  const problems: ConfigProblem[] = [];
  if (!secure && prefix !== undefined)
    problems.push(expectation([...path, "secure"], `true, because the name starts with \`${prefix}\``, secure));
  else if (!secure && sameSite === "None")
    problems.push(expectation([...path, "secure"], "true, because `sameSite` is `None`", secure));
  else if (!secure && partitioned)
    problems.push(expectation([...path, "secure"], "true, because the cookie is `partitioned`", secure));
  if (domain !== undefined && prefix?.toLowerCase() === "__host-")
    problems.push(expectation([...path, "domain"], `absent, because the name starts with \`${prefix}\``, domain));
  return problems;
}

/** A user is one user to every service of a group only if all of them look at the same thing. */
function checkGroup(path: readonly string[], service: Sticky, other: Sticky): ConfigProblem[] {
  const { affinity } = service;
  if (affinity.group === undefined || affinity.group !== other.affinity.group) return [];
  const same = `the same as in \`${other.name}\`, which is in the group too`;
  for (const field of ["mode", "name", "claim", "ttlSeconds", "idleSeconds", "sliding"] as const) {
    if (affinity[field] !== other.affinity[field]) {
      const wanted = JSON.stringify(other.affinity[field]) ?? "absent";
      return [expectation([...path, field], `${same} (${wanted})`, affinity[field])];
    }
  }
  if (usesCookie(affinity) && JSON.stringify(affinity.cookie) !== JSON.stringify(other.affinity.cookie))
    return [expectation([...path, "cookie"], same, affinity.cookie)];
  if (!service.pools.some((pool) => other.pools.includes(pool)))
    return [
      expectation(
        ["services", service.name, "pools"],
        `at least one with a name as in \`${other.name}\` (${other.pools.join(", ")}), which is in the same group`,
        service.pools,
      ),
    ];
  return [];
}

/** Two services of one host with one cookie would replace each other's session all the time. */
function checkSharedCookie(path: readonly string[], service: Sticky, other: Sticky): ConfigProblem[] {
  const { affinity } = service;
  const isShared =
    usesCookie(affinity) &&
    usesCookie(other.affinity) &&
    affinity.cookie.name === other.affinity.cookie.name &&
    (affinity.group === undefined || affinity.group !== other.affinity.group) &&
    service.hosts.some((host) => other.hosts.includes(host));
  return isShared
    ? [
        expectation(
          [...path, "cookie", "name"],
          `a name that \`${other.name}\` does not use on the same host (or the same \`group\`)`,
          affinity.cookie.name,
        ),
      ]
    : [];
}
