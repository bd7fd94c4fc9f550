/**
 * A control plane on real workerd with a token for every scope.
 *
 * Every endpoint has three tests or more in test/end-to-end/api/, in a `describe` named as in the OpenAPI document
 * (`POST /api/v1/loadbalancer/explain`) and titled `happy...`, `error...` and `security...`: `npm run figures -- api` counts
 * them against the document.
 */
import { send } from "../../demo/client.ts";
import { startWorkerd, type RunningWorkerd, type WorkerdOptions } from "../../demo/workerd.ts";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { SCOPES, type Scope } from "../../src/config/scope.ts";

export interface ApiAnswer<Body = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed where it is JSON, else the text. */
  readonly body: Body;
}

export interface ApiCall {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningApi {
  readonly workerd: RunningWorkerd;
  readonly tokens: Readonly<Record<Scope, string>>;
  /** Calls the API as the holder of a scope's token; null: without credentials. */
  readonly call: <Body = unknown>(
    scope: Scope | null,
    method: string,
    path: string,
    init?: ApiCall,
  ) => Promise<ApiAnswer<Body>>;
  stop(): Promise<void>;
}

/** Starts Fairlead on plain workerd with tokens. The control plane answers on 127.0.0.1 and localhost. */
export async function startApi(
  config: ConfigInput,
  options: Pick<WorkerdOptions, "edges" | "bundle" | "trusted"> = {},
): Promise<RunningApi> {
  const { tokens, vars } = await makeTokens();
  const workerd = await startWorkerd({
    config: defineConfig(config),
    vars,
    ...options,
  });
  return apiOf(workerd, tokens);
}

/** A token for every scope, and the variable that lets their holders in. */
export async function makeTokens() {
  const made = await Promise.all(SCOPES.map(async (scope) => [scope, await makeToken(scope, [scope])] as const));
  return {
    tokens: Object.fromEntries(made.map(([scope, { token }]) => [scope, token])) as Record<Scope, string>,
    vars: { ADMIN_TOKENS: JSON.stringify(made.map(([, { stored }]) => stored)) },
  };
}

/** The control plane of a Worker that was started with `makeTokens`. */
export function apiOf(workerd: RunningWorkerd, tokens: Readonly<Record<Scope, string>>): RunningApi {
  return {
    workerd,
    tokens,
    stop: () => workerd.stop(),
    // eslint-disable-next-line typescript/no-unnecessary-type-parameters -- what a test expects an answer to be.
    async call<Body>(scope: Scope | null, method: string, path: string, { body, headers = {} }: ApiCall = {}) {
      const answer = await send({
        port: workerd.port,
        host: "127.0.0.1",
        method,
        path,
        headers: {
          ...(scope === null ? {} : { Authorization: `Bearer ${tokens[scope]}` }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      if (answer.error !== undefined) throw new Error(`${method} ${path}: ${answer.error}`);
      return { status: answer.status, headers: answer.headers, body: parsed(answer.body) as Body };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let addresses = 0;
const nextAddress = () => `10.0.${(addresses >> 8) & 255}.${addresses++ & 255}`;

/**
 * Who is not turned away at an endpoint's door, of: nobody in particular, a wrong token, and a token of each scope.
 *
 * What gets in does nothing: parameters are `x`, and the body is none that any endpoint takes.
 *
 * @param operation method and path as in the OpenAPI document, `GET /api/v1/loadbalancer/stats/{service}`
 */
export async function whoGetsIn(api: RunningApi, operation: string): Promise<string[]> {
  const [method = "", path = ""] = operation.split(" ");
  const init: ApiCall = method === "GET" ? {} : { body: "[" };
  const doors = (scope: Scope | null, headers: Readonly<Record<string, string>> = {}) =>
    api.call(scope, method, path.replaceAll(/\{[^}]+\}/g, "x"), { ...init, headers });
  const callers = [
    ["nobody", () => doors(null)],
    // From an address of its own: failures lock an address out, and many endpoints are asked about.
    [
      "wrong token",
      () => doors(null, { Authorization: `Bearer flt_${"A".repeat(43)}`, "CF-Connecting-IP": nextAddress() }),
    ],
    ...SCOPES.map((scope) => [scope, () => doors(scope)] as const),
  ] as const;
  const inside: string[] = [];
  for (const [caller, come] of callers) {
    const { status } = await come();
    if (status !== 401 && status !== 403) inside.push(caller);
  }
  return inside;
}

/** Waits for something that takes a report or a push to come true. @throws Error after 15 s */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(15_000);
  while (!(await isTrue())) {
    if (deadline.aborted) throw new Error("Expected it to come true within 15 s, but it did not");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
