/**
 * Runs Fairlead on plain workerd: thousands of requests a second, nothing of wrangler in between. Bindings come from
 * wrangler.toml; what workerd alone cannot play (Analytics Engine, rate limits, assets) is left out, and there is no Cache API.
 */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { startProcess } from "./process.ts";
import { bundleWorker, type WorkerBundle } from "./worker-bundle.ts";
import { portFor, waitUntilAnswering, type RunningWorker, type WorkerOptions } from "./worker.ts";
import { PROJECT, wranglerToml } from "./wrangler-toml.ts";

/** The runtime's own binary. */
export const WORKERD = join(PROJECT, "node_modules/.bin/workerd");

export interface WorkerdOptions extends WorkerOptions {
  /** From `bundleWorker`, to bundle once and start often; it keeps its own configuration. */
  readonly bundle?: WorkerBundle;
  /** How many more Workers to run beside it: each an isolate with a memory and a port of its own, all with the same objects. */
  readonly edges?: number;
  /** A module whose Worker is bound to the same objects, on a port of its own: how a test asks an object something. */
  readonly bridge?: string;
  /** Certificates of authorities, PEM, that https origins are trusted by besides those that browsers trust. */
  readonly trusted?: readonly string[];
  /** An existing directory for what the objects store, to start on it again. Default: one that goes with the process. */
  readonly storage?: string;
  /** Laid over the process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningWorkerd extends RunningWorker {
  readonly edgePorts: readonly number[];
  readonly bridgePort: number | null;
}

/**
 * Starts the Worker on plain workerd and waits until it answers. `request.cf` is what the request's `MF-CF-Blob` header says.
 *
 * @throws Error with what was said when the Worker cannot be built or does not answer
 */
export async function startWorkerd(options: WorkerdOptions = {}): Promise<RunningWorkerd> {
  const port = await portFor(options.port);
  const directory = await mkdtemp(join(tmpdir(), "fairlead-workerd-"));
  const clean = () => rm(directory, { recursive: true, force: true });
  try {
    const source = join(directory, "source");
    const storage = options.storage ?? join(directory, "storage");
    await Promise.all([mkdir(source), mkdir(storage, { recursive: true })]);
    const bundle = options.bundle ?? (await bundleWorker(source, options.config));
    const path = join(directory, "workerd.capnp");
    const edgePorts = await Promise.all(Array.from({ length: options.edges ?? 0 }, () => portFor(undefined)));
    const bridgePort = options.bridge === undefined ? null : await portFor(undefined);
    await writeFile(join(directory, BRIDGE), options.bridge ?? "");
    const vars = options.vars ?? {};
    const { trusted = [] } = options;
    await writeFile(path, serverConfig({ bundle, port, edgePorts, bridgePort, directory, storage, vars, trusted }));
    const running = await startProcess({
      name: "workerd",
      command: WORKERD,
      args: ["serve", path],
      scratch: directory,
      ...(options.env && { env: options.env }),
    });
    try {
      await waitUntilAnswering(port, running, { signal: options.signal });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      edgePorts,
      bridgePort,
      process: running,
      stop: () => running.stop(),
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

const BRIDGE = "bridge.js";

interface ServerOptions {
  readonly bundle: WorkerBundle;
  readonly port: number;
  readonly edgePorts: readonly number[];
  readonly bridgePort: number | null;
  /** Where the configuration will lie: files are embedded by relative path. */
  readonly directory: string;
  readonly storage: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly trusted: readonly string[];
}

/** The configuration of the workerd process, in Cap'n Proto text (workerd.capnp describes each field). */
function serverConfig(options: ServerOptions): string {
  const { bundle, port, edgePorts, bridgePort, directory, storage, vars, trusted } = options;
  const edge = edgePorts.length === 0 ? "" : workerLiteral(bundle, directory, { vars, objectsOf: "main" });
  const bridge = { directory, modules: [BRIDGE] };
  const workers = [
    { name: "main", port, literal: workerLiteral(bundle, directory, { vars }) },
    ...edgePorts.map((edgePort, index) => ({ name: `edge${index}`, port: edgePort, literal: edge })),
    ...(bridgePort === null
      ? []
      : [{ name: "bridge", port: bridgePort, literal: workerLiteral(bridge, directory, { objectsOf: "main" }) }]),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [${list([
    ...workers.map(({ name, literal }) => `(name = ${quote(name)}, worker = ${literal})`),
    `(name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true, trustedCertificates = [${list(trusted.map(quote))}])))`,
    `(name = "storage", disk = (path = ${quote(storage)}, writable = true))`,
  ])}],
  sockets = [${list(
    workers.map(
      (worker) =>
        `(name = ${quote(worker.name)}, address = "127.0.0.1:${worker.port}", http = (cfBlobHeader = "MF-CF-Blob"), service = ${quote(worker.name)})`,
    ),
  )}],
);
`;
}

export interface WorkerLiteralOptions {
  /** Laid over the variables of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Whether it is bound to what wrangler.toml says, as Fairlead is. */
  readonly bindings?: boolean;
  /** Its own Durable Objects, where it is not: class names by the name they are bound to. */
  readonly objects?: Readonly<Record<string, string>>;
  /** The service that its requests go out by. */
  readonly outbound?: string;
  /** The service that has the Durable Objects. Default: the Worker itself. */
  readonly objectsOf?: string;
}

/**
 * A Worker with the compatibility settings of wrangler.toml as a Cap'n Proto literal. A disk service `storage` is expected beside it.
 *
 * @param directory where the text will lie: files are embedded by relative path
 */
export function workerLiteral(
  bundle: WorkerBundle,
  directory: string,
  { vars = {}, bindings = true, objects: own = {}, outbound = "internet", objectsOf }: WorkerLiteralOptions = {},
): string {
  const { raw, sqlite } = wranglerToml();
  const objects = bindings
    ? raw.durable_objects.bindings
    : Object.entries(own).map(([name, class_name]) => ({ name, class_name }));
  const classes = objectsOf === undefined ? [...new Set(objects.map((object) => object.class_name))] : [];
  const namespace = (name: string) =>
    objectsOf === undefined ? quote(name) : `(className = ${quote(name)}, serviceName = ${quote(objectsOf)})`;
  return `(
  modules = [${list(bundle.modules.map((name) => `(name = ${quote(name)}, ${moduleKind(name)} = embed ${quote(relative(directory, join(bundle.directory, name)))})`))}],
  compatibilityDate = ${quote(raw.compatibility_date)},
  compatibilityFlags = [${list((raw.compatibility_flags ?? []).map(quote))}],
  globalOutbound = ${quote(outbound)},
  bindings = [${list([
    ...objects.map(
      (object) => `(name = ${quote(object.name)}, durableObjectNamespace = ${namespace(object.class_name)})`,
    ),
    ...Object.entries({ ...(bindings ? raw.vars : {}), ...vars }).map(
      ([name, value]) => `(name = ${quote(name)}, ${variable(value)})`,
    ),
  ])}],
  durableObjectNamespaces = [${list(
    classes.map(
      (name) => `(className = ${quote(name)}, uniqueKey = ${quote(name)}, enableSql = ${sqlite[name] ?? true})`,
    ),
  )}],
  ${objectsOf === undefined ? 'durableObjectStorage = (localDisk = "storage"),' : ""}
)`;
}

function moduleKind(name: string): string {
  if (name.endsWith(".wasm")) return "wasm";
  if (name.endsWith(".bin")) return "data";
  return /\.(?:m?js|ts)$/.test(name) ? "esModule" : "text";
}

function variable(value: unknown): string {
  return typeof value === "string" ? `text = ${quote(value)}` : `json = ${quote(JSON.stringify(value))}`;
}

function list(elements: readonly string[]): string {
  return elements.map((element) => `\n    ${element},`).join("") + (elements.length > 0 ? "\n  " : "");
}

/** Cap'n Proto text escapes as C does, which for what JSON escapes is the same but for \\u. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/\\u00([0-9a-f]{2})/g, "\\x$1");
}
