/**
 * Several isolates of Fairlead on one plain workerd, each with its own memory and port, sharing one set of Durable Objects:
 * what several data centres are to each other.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { freePort } from "./ports.ts";
import { startProcess, waitUntil } from "./process.ts";
import { bundleWorker, PROJECT } from "./worker-source.ts";
import type { Config } from "../src/config/schema.ts";

/** What is used of wrangler.toml. */
interface WranglerConfig {
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
}

export interface Isolates {
  /** One port an isolate, on 127.0.0.1. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/**
 * Starts `count` isolates of the Worker with `config` and waits until each answers.
 *
 * @param secrets variables laid over those of wrangler.toml
 */
export async function startIsolates(
  config: Config,
  count: number,
  secrets: Readonly<Record<string, string>> = {},
): Promise<Isolates> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-isolates-"));
  const first = await freePort(count);
  const ports = Array.from({ length: count }, (_, i) => first + i);
  await mkdir(join(directory, "storage"));
  const { modules } = await bundleWorker(directory, config);
  const path = join(directory, "workerd.capnp");
  await writeFile(path, serverConfig(directory, modules, ports, secrets));
  const workerd = join(PROJECT, "node_modules/.bin/workerd");
  const running = await startProcess({ name: "workerd", command: workerd, args: ["serve", path] });
  const stop = async () => {
    await running.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (const port of ports) {
      await waitUntil(
        `isolate on port ${port} answers`,
        async () => {
          const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
          await answer.body?.cancel();
          return true;
        },
        { alive: [running] },
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, stop };
}

/** Cap'n Proto text for workerd: one Worker that holds the objects, and as many again that only call them. */
function serverConfig(
  directory: string,
  modules: readonly string[],
  ports: readonly number[],
  secrets: Readonly<Record<string, string>>,
): string {
  // wrangler's own types need those of Cloudflare's API, which nothing else here does.
  const { durable_objects, compatibility_date, compatibility_flags } = unstable_readConfig(
    { config: join(PROJECT, "wrangler.toml") },
    { hideWarnings: true },
  ) as unknown as WranglerConfig;
  const objects = durable_objects.bindings;
  const bindings = [
    ...objects.map(
      ({ name, class_name }) =>
        `(name = ${q(name)}, durableObjectNamespace = (className = ${q(class_name)}, serviceName = "core"))`,
    ),
    ...Object.entries(secrets).map(([name, value]) => `(name = ${q(name)}, text = ${q(value)})`),
  ].join(", ");
  const worker = (more: string) => `(
    modules = [${modules.map((name) => `(name = ${q(name)}, esModule = embed ${q(name)})`).join(", ")}],
    compatibilityDate = ${q(compatibility_date)},
    compatibilityFlags = [${compatibility_flags.map(q).join(", ")}],
    bindings = [${bindings}],${more}
  )`;
  const namespaces = [...new Set(objects.map(({ class_name }) => class_name))].map(
    (name) => `(className = ${q(name)}, uniqueKey = ${q(name)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "core", worker = ${worker(`
    durableObjectNamespaces = [${namespaces.join(", ")}],
    durableObjectStorage = (localDisk = "storage"),`)}),
${ports.map((_, i) => `    (name = "edge-${i}", worker = .edge),`).join("\n")}
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (path = ${q(join(directory, "storage"))}, writable = true)),
  ],
  sockets = [
${ports.map((port, i) => `    (name = "http-${i}", address = "127.0.0.1:${port}", http = (cfBlobHeader = "MF-CF-Blob"), service = "edge-${i}"),`).join("\n")}
  ],
);
const edge :Workerd.Worker = ${worker("")};
`;
}

/** Cap'n Proto text quotes as JSON does, for the names and paths there are here. */
function q(text: string): string {
  return JSON.stringify(text);
}
