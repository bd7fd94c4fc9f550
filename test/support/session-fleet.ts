/** Fairlead on plain workerd, in several places, before services with sessions; each has four origins of its own that say who answered. */
import { createServer, type Server } from "node:http";
import { WebSocketServer } from "ws";
import { CookieJar } from "tough-cookie";
import { send, type ClientAnswer, type ClientRequest } from "../../demo/client.ts";
import { BRIDGE, callObject } from "../../demo/object-bridge.ts";
import { freePort } from "../../demo/ports.ts";
import { startWorkerd, type RunningWorkerd } from "../../demo/workerd.ts";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

type ServiceInput = ConfigInput["services"][string];

const SECRET = "a secret that nobody else knows and that is long enough";

/** Pools `east` and `west`, two origins each: `<service>-e1`, `-e2`, `-w1`, `-w2`. */
const POOLS = { east: ["e1", "e2"], west: ["w1", "w2"] } as const;

export interface FleetOrigin {
  readonly id: string;
  /** Paths and cookies of what reached it. */
  readonly received: { path: string; cookie: string | undefined }[];
  /** WebSockets open now. */
  sockets(): number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface Fleet {
  readonly workerd: RunningWorkerd;
  /** The main Worker's port, then each edge's. */
  readonly ports: readonly number[];
  readonly origins: ReadonlyMap<string, FleetOrigin>;
  /** Asks a service by its name. Its host is `<name>.test`, and the main Worker is asked unless a port is given. */
  ask(service: string, request?: Partial<ClientRequest>): Promise<ClientAnswer>;
  /** Asks as a browser: sends what the jar has, and keeps what comes. */
  browse(jar: CookieJar, service: string, request?: Partial<ClientRequest>): Promise<ClientAnswer>;
  call<T>(namespace: string, name: string, method: string, ...args: unknown[]): Promise<T>;
  /** Sets an origin's administrative state, or with null takes it back, and waits until it is a fact. */
  administer(origin: string, state: "draining" | "disabled" | null, sinceMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** More places, each an isolate of its own. */
  readonly edges?: number;
  /** Hosts of the control plane, beside `admin.test`. */
  readonly admin?: readonly string[];
  readonly vars?: Readonly<Record<string, string>>;
}

/**
 * Starts it.
 *
 * @param services settings by name, laid over what every service has
 */
export async function startFleet(
  services: Readonly<Record<string, Partial<ServiceInput>>>,
  { edges = 0, admin = [], vars = {} }: FleetOptions = {},
): Promise<Fleet> {
  const origins = new Map<string, FleetOrigin>();
  const configured: Record<string, ServiceInput> = {};
  for (const [name, settings] of Object.entries(services)) {
    const pools: ServiceInput["pools"] = {};
    for (const [pool, members] of Object.entries(POOLS)) {
      const made = await Promise.all(members.map((member) => startOrigin(`${name}-${member}`)));
      for (const { origin } of made) origins.set(origin.id, origin);
      pools[pool] = {
        region: "weur",
        origins: made.map(({ origin, port }) => ({ id: origin.id, url: `http://127.0.0.1:${port}` })),
      };
    }
    configured[name] = {
      hosts: [`${name}.test`],
      pools,
      steering: { policy: "random", within: "random" },
      // What one test breaks is not out for the next, and origins see only what a test sends.
      breaker: { consecutiveFailures: 1000, minimumRequests: 100_000 },
      monitor: { mode: "passive" },
      debugHeaders: true,
      ...settings,
    };
  }
  const config = defineConfig({ admin: { hosts: ["admin.test", ...admin] }, services: configured });
  const workerd = await startWorkerd({ config, edges, bridge: BRIDGE, vars: { SESSION_SECRET: SECRET, ...vars } });
  const ask: Fleet["ask"] = (service, request = {}) =>
    send({ port: workerd.port, host: config.services[service]!.hosts[0]!, ...request });
  const call: Fleet["call"] = (namespace, name, method, ...args) =>
    callObject(workerd.bridgePort!, namespace, name, method, ...args);
  return {
    workerd,
    ports: [workerd.port, ...workerd.edgePorts],
    origins,
    ask,
    call,
    async browse(jar, service, request = {}) {
      const host = request.host ?? config.services[service]!.hosts[0]!;
      // A browser is behind TLS, which ends before the Worker.
      const url = `https://${host}${request.path ?? "/"}`;
      const cookie = await jar.getCookieString(url);
      const answer = await ask(service, {
        ...request,
        headers: { ...request.headers, ...(cookie === "" ? {} : { Cookie: cookie }) },
      });
      for (const field of answer.headers["set-cookie"] ?? []) await jar.setCookie(field, url);
      return answer;
    },
    async administer(origin, state, sinceMs) {
      const since = sinceMs === undefined ? {} : { by: { author: "test", reason: "", atMs: sinceMs } };
      const override: Override = {
        kind: "administrative",
        origin,
        state: state ?? "enabled",
        expiresAtMs: null,
        ...since,
      };
      const entry = { key: overrideKey(override), value: state === null ? null : override };
      const { version } = await call<{ version: number }>(
        "CONTROL_PLANE",
        "control-plane",
        "append",
        "overrides",
        [entry],
        {},
      );
      await call("CONTROL_PLANE", "control-plane", "confirm", "overrides", version, 10_000);
    },
    async stop() {
      await Promise.all([workerd.stop(), ...[...origins.values()].map((origin) => origin.stop())]);
    },
  };
}

/** A browser's jar that keeps to the rules of cookie prefixes. */
export function browserJar(): CookieJar {
  return new CookieJar(undefined, { prefixSecurity: "strict" });
}

/** Who answered, by its short name: `e1`. */
export function whoAnswered({ headers }: ClientAnswer): string {
  return String(headers["fairlead-origin"] ?? "nobody")
    .split("-")
    .at(-1)!;
}

async function startOrigin(id: string): Promise<{ origin: FleetOrigin; port: number }> {
  const port = await freePort();
  const received: FleetOrigin["received"] = [];
  let server: Server | null = null;
  let webSockets: WebSocketServer | null = null;
  const start = async () => {
    server = createServer((request, response) => {
      const path = request.url ?? "/";
      received.push({ path, cookie: request.headers.cookie });
      if (path.startsWith("/public")) response.setHeader("Cache-Control", "public, max-age=60");
      if (path.startsWith("/public/cdn")) response.setHeader("CDN-Cache-Control", "max-age=600");
      if (!path.startsWith("/ttl")) response.setHeader("Set-Cookie", ["own=1; Path=/", "more=2; Path=/app"]);
      response.statusCode = path.startsWith("/500") ? 500 : path.startsWith("/503") ? 503 : 200;
      response.end(id);
    });
    const sockets = (webSockets = new WebSocketServer({ server }));
    sockets.on("connection", (socket) => {
      socket.send(id);
      socket.on("message", (data: Buffer, isBinary) => {
        const text = data.toString();
        if (text.startsWith("close ")) socket.close(Number(text.split(" ")[1]), "as asked");
        else if (text === "terminate") socket.terminate();
        else socket.send(data, { binary: isBinary });
      });
    });
    await new Promise<void>((resolve) => void server!.listen(port, "127.0.0.1", resolve));
  };
  await start();
  const origin: FleetOrigin = {
    id,
    received,
    sockets: () => webSockets?.clients.size ?? 0,
    start,
    async stop() {
      const stopping = server;
      server = null;
      if (stopping === null) return;
      for (const socket of webSockets?.clients ?? []) socket.terminate();
      stopping.closeAllConnections();
      await new Promise<void>((resolve) => void stopping.close(() => resolve()));
    },
  };
  return { origin, port };
}
