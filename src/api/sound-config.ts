/** What a configuration that is put at runtime must be: as sound as a deployed one, and no way to more rights. */
import { takersOfAdminHosts } from "../config/admin-reach.ts";
import { checkConfig } from "../config/check.ts";
import { describeProblem, problemsOf, type ConfigProblem } from "../config/problem.ts";
import { configSchema, type Config } from "../config/schema.ts";
import { namedBindings } from "../config/secret.ts";
import { DEPLOYED_ONLY } from "./deployed-only.ts";
import type { ApiProblem } from "./problem.ts";
import type { System } from "./system.ts";
import { invalid } from "./validation.ts";

/**
 * Reads a configuration as `npm run check:config` does, with every default filled in.
 *
 * @throws ApiProblem that lists every wrong field
 */
export function soundConfig(system: System, document: unknown): Config {
  // Such a member goes by unseen wherever objects are copied: nobody would hear that their service is gone.
  if (JSON.stringify(document).includes('"__proto__":'))
    throw invalid([{ pointer: "#/config", detail: "Expected no member called `__proto__`" }]);
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) throw wrong(problemsOf(parsed.error.issues, document));
  const problems = checkConfig(parsed.data);
  if (problems.length > 0) throw wrong(problems);
  const changed = DEPLOYED_ONLY.filter(
    (name) => JSON.stringify(parsed.data[name]) !== JSON.stringify(system.config[name]),
  );
  if (changed.length > 0) {
    throw invalid(
      changed.map((name) => ({
        pointer: `#/config/${name}`,
        detail: `Expected \`${name}\` to be as deployed: it is changed with a deployment only`,
      })),
    );
  }
  const takers = takersOfAdminHosts(parsed.data);
  if (takers.length > 0) {
    throw invalid([
      {
        pointer: "#/config/services",
        detail: `Expected \`services\` to leave a host of \`admin.hosts\` to the control plane, which could not be reached again: ${takers.map((name) => `\`${name}\``).join(", ")} would take them all`,
      },
    ]);
  }
  // Whoever may change the configuration could else have any secret of the Worker sent to a place of their own.
  const deployed = namedBindings(system.config);
  const unknown = [...namedBindings(parsed.data)].filter((name) => !deployed.has(name));
  if (unknown.length > 0) {
    throw invalid(
      unknown.map((name) => ({
        pointer: "#/config",
        detail: `Expected \`${name}\` to be a secret or binding that the deployed configuration names too`,
      })),
    );
  }
  const fault = system.faultOf(parsed.data);
  if (fault !== null) throw invalid([{ pointer: "#/config", detail: fault }]);
  return parsed.data;
}

function wrong(problems: readonly ConfigProblem[]): ApiProblem {
  return invalid(
    problems.map((problem) => ({ pointer: `#/config${problem.pointer.slice(1)}`, detail: describeProblem(problem) })),
  );
}
