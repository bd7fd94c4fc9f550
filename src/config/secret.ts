/** How a configured field value becomes the value sent: as written, or from a Worker secret. */
import type { HeaderValue } from "./origin.ts";

/** Bindings by name, as the platform gives them; only names that the configuration mentions are looked up. */
export type Bindings = Readonly<Record<string, unknown>>;

/** A field as it is written: name and value, the secret looked up. */
export interface ResolvedHeader {
  readonly name: string;
  readonly value: string;
}

/**
 * Names and values, ready to set.
 *
 * @throws Error when a secret that the configuration names is not there; its value is never told
 */
export function resolveHeaders(headers: Record<string, HeaderValue>, bindings: Bindings): ResolvedHeader[] {
  return Object.entries(headers).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : secretOf(value.secret, bindings),
  }));
}

/** @throws Error when the secret is missing or empty; its value is never told */
export function secretOf(name: string, bindings: Bindings): string {
  const value = bindings[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`Expected the secret \`${name}\` to be set (\`wrangler secret put ${name}\`), got nothing`);
}

/** Members of a configuration that name something the Worker is bound to. */
const NAMING = new Set(["secret", "mtls", "binding"]);

/** Every secret, certificate and binding that a configuration names. */
export function namedBindings(config: unknown): Set<string> {
  const names = new Set<string>();
  const look = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [member, part] of Object.entries(value)) {
      if (typeof part === "string" && NAMING.has(member)) names.add(part);
      else look(part);
    }
  };
  look(config);
  return names;
}
