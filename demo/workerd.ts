/**
 * Runs Fairlead on plain workerd: thousands of requests a second, nothing of wrangler in between. Bindings come from
 * wrangler.toml; what workerd alone cannot play (Analytics Engine, rate limits, assets) is left out, and there is no Cache API.
 */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { unstable_getDurableObjectClassNameToUseSQLiteMap, unstable_readConfig } from "wrangler";
import { startProcess } from "./process.ts";
import { PROJECT, WRANGLER_CONFIG, bundleWorker, type WorkerBundle } from "./worker-source.ts";
import { portFor, waitUntilAnswering, type RunningWorker, type WorkerOptions } from "./worker.ts";

/** The runtime's own binary. */
export const WORKERD = join(PROJECT, "node_modules/.bin/workerd");

/**
 * Starts the Worker on plain workerd and waits until it answers. `request.cf` is what the request's `MF-CF-Blob` header says.
 *
 * @param options `bundle`: from `bundleWorker`, to bundle once and start often; it keeps its own configuration
 * @throws Error with what was said when the Worker cannot be built or does not answer
 */
export async function startWorkerd(
  options: WorkerOptions & { readonly bundle?: WorkerBundle } = {},
): Promise<RunningWorker> {
  const port = await portFor(options.port);
  const directory = await mkdtemp(join(tmpdir(), "fairlead-workerd-"));
  const clean = () => rm(directory, { recursive: true, force: true });
  try {
    const source = join(directory, "source");
    await Promise.all([mkdir(source), mkdir(join(directory, "storage"))]);
    const bundle = options.bundle ?? (await bundleWorker(source, options.config));
    const path = join(directory, "workerd.capnp");
    await writeFile(path, serverConfig(bundle, port, directory, options.vars ?? {}));
    const running = await startProcess({
      name: "workerd",
      command: WORKERD,
      args: ["serve", path],
      scratch: directory,
    });
    try {
      await waitUntilAnswering(port, running, { signal: options.signal });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return { url: `http://127.0.0.1:${port}`, port, process: running, stop: () => running.stop() };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** What of wrangler.toml says what the Worker is bound to. */
interface Bindings {
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly migrations: Parameters<typeof unstable_getDurableObjectClassNameToUseSQLiteMap>[0];
}

/**
 * The configuration of the workerd process, in Cap'n Proto text (workerd.capnp describes each field).
 *
 * @param directory where it will lie: files are embedded by relative path
 */
function serverConfig(
  bundle: WorkerBundle,
  port: number,
  directory: string,
  vars: Readonly<Record<string, string>>,
): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "storage", disk = (path = ${quote(join(directory, "storage"))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (cfBlobHeader = "MF-CF-Blob"), service = "main")],
);

const worker :Workerd.Worker = ${workerLiteral(bundle, directory, { vars })};
`;
}

export interface WorkerLiteralOptions {
  /** Laid over the variables of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Whether it is bound to what wrangler.toml says, as Fairlead is. */
  readonly bindings?: boolean;
  /** The service that its requests go out by. */
  readonly outbound?: string;
}

/**
 * A Worker with the compatibility settings of wrangler.toml as a Cap'n Proto literal. A disk service `storage` is expected beside it.
 *
 * @param directory where the text will lie: files are embedded by relative path
 */
export function workerLiteral(
  bundle: WorkerBundle,
  directory: string,
  { vars = {}, bindings = true, outbound = "internet" }: WorkerLiteralOptions = {},
): string {
  const wrangler = unstable_readConfig({ config: WRANGLER_CONFIG }, { hideWarnings: true }) as unknown as Bindings;
  const sqlite = unstable_getDurableObjectClassNameToUseSQLiteMap(wrangler.migrations);
  const objects = bindings ? wrangler.durable_objects.bindings : [];
  const classes = [...new Set(objects.map((object) => object.class_name))];
  return `(
  modules = [${list(bundle.modules.map((name) => `(name = ${quote(name)}, ${moduleKind(name)} = embed ${quote(relative(directory, join(bundle.directory, name)))})`))}],
  compatibilityDate = ${quote(wrangler.compatibility_date)},
  compatibilityFlags = [${list(wrangler.compatibility_flags.map(quote))}],
  globalOutbound = ${quote(outbound)},
  bindings = [${list([
    ...objects.map((object) => `(name = ${quote(object.name)}, durableObjectNamespace = ${quote(object.class_name)})`),
    ...Object.entries({ ...(bindings ? wrangler.vars : {}), ...vars }).map(
      ([name, value]) => `(name = ${quote(name)}, ${variable(value)})`,
    ),
  ])}],
  durableObjectNamespaces = [${list(
    classes.map(
      (name) => `(className = ${quote(name)}, uniqueKey = ${quote(name)}, enableSql = ${sqlite.get(name) ?? true})`,
    ),
  )}],
  durableObjectStorage = (localDisk = "storage"),
)`;
}

function moduleKind(name: string): string {
  if (name.endsWith(".wasm")) return "wasm";
  if (name.endsWith(".bin")) return "data";
  return /\.m?js$/.test(name) ? "esModule" : "text";
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
