/** An origin whose health a test or a bench turns on and off: for everybody, for one region, or by not being there. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { freePort } from "../../demo/ports.ts";

export interface FickleOrigin {
  readonly port: number;
  /** Requests received, probes left out. */
  received(): number;
  /** Probes received. */
  probed(): number;
  /** The most requests that waited for an answer at once, probes left out. */
  mostAtOnce(): number;
  /** Answers 503 to requests for which this is true. */
  failFor(fails: (fromRegion: string) => boolean): void;
  /** Takes so long to answer from now on, ms. */
  answerAfter(ms: number): void;
  /** Really closes the listener and its connections. */
  kill(): Promise<void>;
  /** Listens again. */
  restore(): Promise<void>;
}

/** @param firstAnswerMs how long an answer takes until `answerAfter` says otherwise, ms */
export async function startFickleOrigin(firstAnswerMs = 0): Promise<FickleOrigin> {
  const port = await freePort();
  let fails: (fromRegion: string) => boolean = () => false;
  let answerMs = firstAnswerMs;
  let received = 0;
  let probed = 0;
  let waiting = 0;
  let most = 0;
  let server: Server | null = null;

  async function restore(): Promise<void> {
    const listener = createServer((request, response) => {
      const isProbe = request.headers["fairlead-probe"] !== undefined;
      if (isProbe) probed++;
      else {
        received++;
        most = Math.max(most, ++waiting);
        response.on("close", () => waiting--);
      }
      const status = fails(regionOf(request)) ? 503 : 200;
      setTimeout(() => response.writeHead(status).end("ok"), answerMs);
    });
    await new Promise<void>((resolve) => {
      listener.listen(port, "127.0.0.1", resolve);
    });
    server = listener;
  }

  await restore();
  return {
    port,
    received: () => received,
    probed: () => probed,
    mostAtOnce: () => most,
    failFor: (next) => {
      fails = next;
    },
    answerAfter: (ms) => {
      answerMs = ms;
    },
    restore,
    kill: () =>
      new Promise((resolve) => {
        if (server === null) return resolve();
        server.close(() => resolve());
        server.closeAllConnections();
        server = null;
      }),
  };
}

function regionOf(request: IncomingMessage): string {
  return String(request.headers["fairlead-region"] ?? "");
}
