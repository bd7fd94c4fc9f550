/** HTTP below the level of any client library: bytes out, bytes in, and origins that answer with exactly these bytes. */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

/**
 * Sends bytes as they are and returns what comes until the other side closes.
 *
 * @param pieces   written one after the other
 * @param finishMs give up waiting after this many ms; what came so far is returned
 */
export async function sendRaw(port: number, pieces: string | readonly string[], finishMs = 10_000): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  const timer = setTimeout(() => socket.destroy(), finishMs);
  for (const piece of [pieces].flat()) socket.write(piece, "latin1");
  await closed;
  clearTimeout(timer);
  return received;
}

/** One request head that asks for the connection to be closed. */
export function head(host: string, method: string, target: string, ...fields: string[]): string {
  return [`${method} ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...fields, "", ""].join("\r\n");
}

export interface RawAnswer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Takes an answer apart; an interim one before it is skipped. Repeated fields are joined with a comma. */
export function parseAnswer(text: string): RawAnswer {
  const final = text.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, "");
  const end = final.indexOf("\r\n\r\n");
  const [status = "", ...lines] = final.slice(0, end).split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value);
  }
  return { status: Number(status.split(" ")[1]), fields, body: final.slice(end + 4) };
}

export interface RawOrigin {
  readonly port: number;
  /** Complete requests received, as they came. */
  readonly received: string[];
  /** Connections that broke before their request was complete. */
  broken: number;
  /** Decides what happens to the requests from now on. */
  respond: (socket: Socket) => void;
  stop(): Promise<void>;
}

/** Starts an origin that waits for a whole request and then does whatever `respond` says. */
export async function startRawOrigin(port: number): Promise<RawOrigin> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = "";
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      if (pending !== "") origin.broken++;
    });
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      const size = requestSize(pending);
      if (size === null || pending.length < size) return;
      origin.received.push(pending.slice(0, size));
      pending = pending.slice(size);
      origin.respond(socket);
    });
  });
  const origin: RawOrigin = {
    port,
    received: [],
    broken: 0,
    respond: (socket) => socket.write(whole("ok")),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return origin;
}

/** A complete 200 answer. */
export function whole(body: string, ...fields: string[]): string {
  return ["HTTP/1.1 200 OK", `Content-Length: ${body.length}`, ...fields, "", body].join("\r\n");
}

/** Length of the request at the beginning of `text`, or null while its end is not there. */
function requestSize(text: string): number | null {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const bodyAt = end + 4;
  const length = /^content-length: *(\d+)\r?$/im.exec(text.slice(0, bodyAt));
  if (length !== null) return bodyAt + Number(length[1]);
  if (!/^transfer-encoding: *chunked\r?$/im.test(text.slice(0, bodyAt))) return bodyAt;
  const last = text.indexOf("0\r\n\r\n", bodyAt);
  return last === -1 ? null : last + 5;
}
