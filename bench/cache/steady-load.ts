/**
 * A load at a set rate over kept-alive connections, cheap enough to leave the machine to what is measured: requests are
 * bytes made beforehand, and of an answer only its status, `Cache-Status` and body are read.
 */
import { connect, type Socket } from "node:net";
import { cfBlob, type Place } from "../../demo/places.ts";

export interface SteadyAnswer {
  readonly path: string;
  readonly status: number;
  readonly isHit: boolean;
  readonly body: string;
  /** By `performance.now()`. */
  readonly sentAtMs: number;
}

export interface SteadyTarget {
  readonly port: number;
  readonly host: string;
  readonly place: Place;
}

export interface SteadyLoad {
  /** Answered so far. */
  answered(): number;
  /** Turns at which every connection of a target was still waiting. */
  skipped(): number;
  /** Ends it, when what is under way has been answered. */
  stop(): Promise<void>;
}

const CONNECTIONS = 8;
const TURN_MS = 5;

/**
 * Begins one.
 *
 * @param perSecond to each target
 * @param pathOf    the path of the n-th request to a target
 * @throws Error from `stop` when a connection broke or an answer could not be read
 */
export function startSteadyLoad(
  targets: readonly SteadyTarget[],
  perSecond: number,
  pathOf: (n: number) => string,
  seen: (answer: SteadyAnswer) => void,
): SteadyLoad {
  let answered = 0;
  let skipped = 0;
  const broken: Error[] = [];
  const count = (answer: SteadyAnswer) => {
    answered++;
    seen(answer);
  };
  const fail = (error: Error) => void broken.push(error);
  const lanes = targets.map((target) => ({
    sent: 0,
    lines: Array.from({ length: CONNECTIONS }, () => new Line(target, count, fail)),
  }));
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) * perSecond) / 1_000);
    for (const lane of lanes) {
      for (; lane.sent < due; lane.sent++) {
        const free = lane.lines.find((line) => line.isFree);
        if (free === undefined) skipped++;
        else free.send(pathOf(lane.sent));
      }
    }
  }, TURN_MS);
  return {
    answered: () => answered,
    skipped: () => skipped,
    async stop() {
      clearInterval(timer);
      const lines = lanes.flatMap((lane) => lane.lines);
      for (
        let waitedMs = 0;
        lines.some((line) => !line.isFree) && broken.length === 0 && waitedMs < 10_000;
        waitedMs += 20
      )
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const line of lines) line.close();
      if (broken[0] !== undefined) throw broken[0];
    },
  };
}

/** One connection, one request at a time. */
class Line {
  isFree = true;
  /** All of a request but its first words. */
  readonly #rest: string;
  readonly #socket: Socket;
  #text = "";
  #path = "";
  #sentAtMs = 0;
  #isClosed = false;

  constructor({ port, host, place }: SteadyTarget, seen: (answer: SteadyAnswer) => void, fail: (error: Error) => void) {
    this.#rest = ` HTTP/1.1\r\nHost: ${host}\r\nMF-CF-Blob: ${cfBlob(place)}\r\n\r\n`;
    this.#socket = connect(port, "127.0.0.1").setNoDelay(true).setEncoding("latin1");
    this.#socket.on("error", fail);
    this.#socket.on("close", () => {
      if (!this.#isClosed) fail(new Error("Expected the connection to stay open, it was closed"));
    });
    this.#socket.on("data", (chunk: string) => {
      this.#text += chunk;
      const answer = this.#read();
      if (answer !== null) seen(answer);
    });
  }

  send(path: string): void {
    this.isFree = false;
    this.#text = "";
    this.#path = path;
    this.#sentAtMs = performance.now();
    this.#socket.write(`GET ${path}${this.#rest}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** The answer once it is whole: a body has its length, or comes in one piece with its end. */
  #read(): SteadyAnswer | null {
    const headEnd = this.#text.indexOf("\r\n\r\n");
    if (headEnd === -1) return null;
    const head = this.#text.slice(0, headEnd);
    const rest = this.#text.slice(headEnd + 4);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined ? !rest.endsWith("0\r\n\r\n") : rest.length < Number(length)) return null;
    this.isFree = true;
    return {
      path: this.#path,
      status: Number(head.slice(9, 12)),
      isHit: /\r\ncache-status: Fairlead; hit/i.test(head),
      body: length === undefined ? (rest.split("\r\n", 2)[1] ?? "") : rest,
      sentAtMs: this.#sentAtMs,
    };
  }
}
