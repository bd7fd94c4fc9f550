/** What people would run instead on the same machine, as plain pass-through proxies with one worker thread each. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../demo/ports.ts";
import { startProcess, waitUntil, type RunningProcess } from "../../demo/process.ts";

interface Peer {
  readonly name: string;
  /** Prints its version; decides whether it is there. */
  readonly version: readonly [command: string, argument: string];
  /** @returns the configuration file's name and text, and the command line that serves it */
  configure(
    port: number,
    originPort: number,
    directory: string,
  ): {
    readonly file: string;
    readonly text: string;
    readonly command: readonly [string, ...string[]];
  };
}

const PEERS: readonly Peer[] = [
  {
    name: "nginx",
    version: ["nginx", "-v"],
    configure: (port, originPort, directory) => ({
      file: "nginx.conf",
      text: `daemon off; master_process off; pid ${directory}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  keepalive_requests 10000000;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 10000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}`,
      command: ["nginx", "-p", directory, "-c", `${directory}/nginx.conf`],
    }),
  },
  {
    name: "HAProxy",
    version: ["haproxy", "-v"],
    configure: (port, originPort, directory) => ({
      file: "haproxy.cfg",
      text: `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend bench
  bind 127.0.0.1:${port}
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort}
`,
      command: ["haproxy", "-db", "-q", "-f", `${directory}/haproxy.cfg`],
    }),
  },
  {
    name: "Caddy",
    version: ["caddy", "version"],
    configure: (port, originPort, directory) => ({
      file: "Caddyfile",
      text: `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${originPort}
}
`,
      command: ["caddy", "run", "--adapter", "caddyfile", "--config", `${directory}/Caddyfile`],
    }),
  },
];

export interface RunningPeer {
  readonly name: string;
  readonly address: string;
  readonly process: RunningProcess;
  stop(): Promise<void>;
}

/** Starts the peers that are installed; the others are named in `absent`. */
export async function startPeers(originPort: number): Promise<{ running: RunningPeer[]; absent: string[] }> {
  const running: RunningPeer[] = [];
  const absent: string[] = [];
  try {
    for (const peer of PEERS) {
      if (await isInstalled(peer)) running.push(await startPeer(peer, originPort));
      else absent.push(peer.name);
    }
  } catch (error) {
    await Promise.all(running.map((peer) => peer.stop()));
    throw error;
  }
  return { running, absent };
}

async function isInstalled({ version: [command, argument] }: Peer): Promise<boolean> {
  return promisify(execFile)(command, [argument]).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

async function startPeer(peer: Peer, originPort: number): Promise<RunningPeer> {
  const directory = await mkdtemp(join(tmpdir(), "fairlead-peer-"));
  const port = await freePort();
  const { file, text, command } = peer.configure(port, originPort, directory);
  await writeFile(join(directory, file), text);
  const [executable, ...args] = command;
  const child = await startProcess({
    name: peer.name,
    command: executable,
    args,
    cwd: directory,
    env: { GOMAXPROCS: "1", HOME: directory },
  });
  const stop = async () => {
    await child.stop();
    await rm(directory, { recursive: true, force: true });
  };
  const address = `127.0.0.1:${port}`;
  try {
    await waitUntil(`${peer.name} to answer`, async () => (await fetch(`http://${address}/`)).ok, { alive: [child] });
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: peer.name, address, process: child, stop };
}
