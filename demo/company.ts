/** The demo's processes as one company: they start together, and end together. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import config from "../fairlead.config.ts";
import { startControlServer, type ControlServer } from "./control-server.ts";
import type { DemoOptions } from "./options.ts";
import { startOriginProcess } from "./origin-process.ts";
import { demoOrigins, type Origin } from "./origin.ts";
import { describeExit } from "./process.ts";
import { rebased } from "./rebase.ts";
import { demoToken } from "./token.ts";
import { PROJECT } from "./wrangler-toml.ts";
import { startWorker, type RunningWorker } from "./worker.ts";

export interface Company {
  readonly origins: readonly Origin[];
  readonly control: ControlServer;
  readonly worker: RunningWorker;
  /** For the control plane; null: the developer has set tokens of their own. */
  readonly token: string | null;
  /** Resolves when a process has ended that nobody asked to, with what it said. */
  readonly loss: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the origins, the control server and the Worker, and waits until all of them answer.
 *
 * @param onChange told when an origin's behaviour was changed
 * @throws Error when one cannot start; those that did are stopped first
 */
export async function startCompany(
  options: DemoOptions,
  signal: AbortSignal,
  onChange: (origin: Origin) => void,
): Promise<Company> {
  const members: { stop(): Promise<void> }[] = [];
  const enlist = <T extends { stop(): Promise<void> }>(member: T): T => {
    members.push(member);
    return member;
  };
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.allSettled(members.map((member) => member.stop()));
  };

  const startOrigins = async () => {
    const specs = demoOrigins(options.originPort);
    const origins = await all(specs.map(async (spec) => enlist(await startOriginProcess(spec))));
    return { origins, control: enlist(await startControlServer(origins, options.controlPort, onChange)) };
  };
  const secrets = await localSecrets();
  const token = await demoToken(secrets);
  const vars = token === null ? secrets : { ...secrets, ADMIN_TOKENS: token.secret };
  const settings = { config: rebased(config, options.originPort), vars };
  const startGateway = async () => enlist(await startWorker({ ...settings, port: options.port, signal }));
  try {
    const [{ origins, control }, worker] = await both(startOrigins(), startGateway());
    const loss = new Promise<string>((resolve) => {
      for (const running of [worker.process, ...origins.map((origin) => origin.process)]) {
        void running.exited.then(() => stopping || resolve(`${describeExit(running)}\n${running.output()}`.trimEnd()));
      }
    });
    return { origins, control, worker, token: token?.token ?? null, loss, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Like `Promise.all`, but fails only when each has come to its end, so that nothing starts after the stop. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

/** What `wrangler dev` would take from .dev.vars, and a key for sessions where none is set there. */
async function localSecrets(): Promise<Record<string, string>> {
  const made = { SESSION_SECRET: randomBytes(32).toString("base64url") };
  try {
    return { ...made, ...(parseEnv(await readFile(join(PROJECT, ".dev.vars"), "utf8")) as Record<string, string>) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return made;
    throw error;
  }
}
