/** Drives a server with wrk and reads what came of it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What every request carries: about what a browser behind Cloudflare sends. */
export const REQUEST_HEADERS: Readonly<Record<string, string>> = {
  Host: "bench.test",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Encoding": "br, gzip",
  "Accept-Language": "en-GB,en;q=0.9",
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  Cookie: "session=6d1f6e0a7b; theme=dark",
  "CF-Connecting-IP": "198.51.100.7",
  "CF-Ray": "8e1f5d2c4b3a6978-FRA",
  "MF-CF-Blob":
    '{"colo":"FRA","continent":"EU","country":"DE","latitude":"50.1","longitude":"8.6","clientAcceptEncoding":"br"}',
};

export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const SCRIPT = new URL("report.lua", import.meta.url).pathname;

/** Whether wrk is there; bench/install-peers.sh installs it. */
export async function hasWrk(): Promise<boolean> {
  // `wrk -v` prints its version and ends with code 1.
  return promisify(execFile)("wrk", ["-v"]).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}

/**
 * Keeps `connections` connections busy for `seconds`, each with one request at a time.
 *
 * @throws Error when a request failed or was answered with an error: such a run measures nothing
 */
export async function drive(
  address: string,
  connections: number,
  seconds: number,
  fields = REQUEST_HEADERS,
): Promise<Load> {
  const headers = Object.entries(fields).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { stdout } = await promisify(execFile)("wrk", [
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    `--script=${SCRIPT}`,
    ...headers,
    `http://${address}/articles/42?page=2`,
  ]);
  const line = /^fairlead (.*)$/m.exec(stdout);
  if (line === null) throw new Error(`Expected wrk to report, got ${stdout}`);
  const [requests, micros, p50Micros, p99Micros, errors] = line[1]!.split(" ").map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (errors > 0) throw new Error(`Expected every request to ${address} to succeed, ${errors} of ${requests} did not`);
  return {
    requests,
    requestsPerSecond: requests / (micros / 1e6),
    p50Ms: p50Micros / 1000,
    p99Ms: p99Micros / 1000,
  };
}
