/** Fairlead and its rivals side by side in one `workerd serve`, each on a port of its own, in front of one origin. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../demo/ports.ts";
import { startProcess, waitUntil, type RunningProcess } from "../demo/process.ts";
import { bundleWorker } from "../demo/worker-bundle.ts";
import { PROJECT } from "../demo/wrangler-toml.ts";
import { WORKERD, workerLiteral } from "../demo/workerd.ts";
import type { Config } from "../src/config/schema.ts";

export interface ServedWorkers {
  readonly process: RunningProcess;
  /** Where each Worker listens, `127.0.0.1:port`, by name. */
  readonly addresses: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/** A Worker to serve: a TypeScript file with what it imports by path, or Fairlead with a configuration. */
export type BenchWorker = {
  readonly name: string;
  readonly vars?: Readonly<Record<string, string>>;
} & (
  | { readonly file: URL; readonly objects?: Readonly<Record<string, string>> }
  | { readonly fairlead: Config; readonly main?: URL }
);

/**
 * Serves Workers from one workerd process.
 *
 * @param originPort every host that a Worker fetches from is found there, on 127.0.0.1
 */
export async function serveWorkers(workers: readonly BenchWorker[], originPort: number): Promise<ServedWorkers> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-workerd-"));
  const clean = () => rm(directory, { recursive: true, force: true });
  try {
    await mkdir(join(directory, "storage"));
    const firstPort = await freePort(workers.length);
    const addresses = new Map(workers.map(({ name }, index) => [name, `127.0.0.1:${firstPort + index}`]));
    const services: string[] = [];
    for (const worker of workers) services.push(await service(worker, directory));
    const path = join(directory, "workerd.capnp");
    await writeFile(path, serverConfig(services, addresses, originPort, directory));
    const running = await startProcess({ name: "workerd", command: WORKERD, args: ["serve", path] });
    const stop = async () => {
      await running.stop();
      await clean();
    };
    try {
      for (const [name, address] of addresses) {
        const answers = async () => (await fetch(`http://${address}/`)).status > 0;
        await waitUntil(`${name} to answer`, answers, { alive: [running] });
      }
    } catch (error) {
      await running.stop();
      throw error;
    }
    return { process: running, addresses, stop };
  } catch (error) {
    await clean();
    throw error;
  }
}

async function service(worker: BenchWorker, directory: string): Promise<string> {
  const source = join(directory, worker.name);
  await mkdir(source);
  const { vars = {} } = worker;
  const literal =
    "fairlead" in worker
      ? workerLiteral(
          await bundleWorker(source, worker.fairlead, worker.main && fileURLToPath(worker.main)),
          directory,
          { vars, outbound: "origin" },
        )
      : workerLiteral({ directory: source, modules: await stripped(worker.file, source) }, directory, {
          vars,
          bindings: false,
          objects: worker.objects ?? {},
          outbound: "origin",
        });
  return `(name = "${worker.name}", worker = ${literal})`;
}

/** Strips a file and what it imports of their types; as modules they keep their paths, so that imports find them. */
async function stripped(entry: URL, directory: string): Promise<string[]> {
  const paths = [relative(PROJECT, fileURLToPath(entry))];
  for (const path of paths) {
    const code = stripTypeScriptTypes(await readFile(join(PROJECT, path), "utf8"));
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await writeFile(join(directory, path), code);
    for (const [, specifier] of code.matchAll(/^import .*? from "(\.[^"]+)";$/gm)) {
      const imported = join(dirname(path), specifier!);
      if (!paths.includes(imported)) paths.push(imported);
    }
  }
  return paths;
}

function serverConfig(
  services: readonly string[],
  addresses: ReadonlyMap<string, string>,
  originPort: number,
  directory: string,
): string {
  const sockets = [...addresses].map(
    // As on Cloudflare, where each request comes with facts about its place.
    ([name, address]) =>
      `(name = "${name}", address = "${address}", http = (cfBlobHeader = "MF-CF-Blob"), service = "${name}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "origin", external = (address = "127.0.0.1:${originPort}", http = ())),
    (name = "storage", disk = (path = ${JSON.stringify(join(directory, "storage"))}, writable = true)),
    ${services.join(",\n    ")},
  ],
  sockets = [
    ${sockets.join(",\n    ")},
  ],
);
`;
}
