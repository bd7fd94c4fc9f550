/** Stands in front of an origin and notes when each request was there: what an origin sees, whatever the balancer says. */
import { Agent, createServer, request as send } from "node:http";
import { close, listen } from "./listen.ts";
import { freePort } from "./ports.ts";

/** One request at the origin. Times are ms since the epoch. */
export interface Visit {
  /** From `Fairlead-Region`; "" where the request did not say. */
  readonly region: string;
  readonly beganMs: number;
  /** When its answer had been passed on, or its client had gone; Infinity: not yet. */
  endedMs: number;
}

export interface Relay {
  readonly port: number;
  /** In the order in which they came; health probes are left out. */
  readonly visits: readonly Visit[];
  stop(): Promise<void>;
}

/** @param target the origin's URL, for example `http://127.0.0.1:9101` */
export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port: targetPort } = new URL(target);
  const port = await freePort();
  const agent = new Agent({ keepAlive: true });
  const visits: Visit[] = [];
  const server = createServer((incoming, answer) => {
    if (incoming.headers["fairlead-probe"] === undefined) {
      const visit = {
        region: String(incoming.headers["fairlead-region"] ?? ""),
        beganMs: Date.now(),
        endedMs: Infinity,
      };
      visits.push(visit);
      answer.on("close", () => (visit.endedMs = Date.now()));
    }
    const { method, url: path, headers } = incoming;
    const outgoing = send({ agent, hostname, port: targetPort, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.on("error", () => answer.destroy()).pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    answer.on("close", () => answer.writableFinished || outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await listen(server, port);
  return {
    port,
    visits,
    stop() {
      agent.destroy();
      return close(server);
    },
  };
}
