/** Secrets that the configuration names, from the Worker's environment. */

/** Bindings by name, as the platform gives them; only names that the configuration mentions are looked up. */
export type Bindings = Readonly<Record<string, unknown>>;

/** @throws Error when the secret is missing or empty; its value is never told */
export function secretOf(name: string, bindings: Bindings): string {
  const value = bindings[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`Expected the secret \`${name}\` to be set (\`wrangler secret put ${name}\`), got nothing`);
}
