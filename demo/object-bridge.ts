/** Lets a scenario or a test ask a Durable Object of `startWorkerd` something, through a Worker that is bound to it. */

/** To be given to `startWorkerd` as `bridge`. */
export const BRIDGE = `export default {
  async fetch(request, env) {
    const { namespace, name, method, args } = await request.json();
    try {
      const value = await env[namespace].getByName(name)[method](...args);
      return Response.json({ value: value instanceof Map ? Object.fromEntries(value) : value });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};`;

/**
 * Calls a method of an object. What it returns comes as JSON: Infinity becomes null, a Map an object.
 *
 * @param port      the bridge's, on 127.0.0.1
 * @param namespace the binding's name in wrangler.toml
 * @throws Error with what the object threw
 */
export async function callObject<T>(
  port: number,
  namespace: string,
  name: string,
  method: string,
  ...args: unknown[]
): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    body: JSON.stringify({ namespace, name, method, args }),
  });
  const answer = (await response.json()) as { value?: T; error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value as T;
}
