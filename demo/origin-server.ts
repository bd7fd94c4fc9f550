/** An origin as a real HTTP server: tells what it received, sleeps the round trip, and misbehaves when told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HEALTHY, isAffected, type Behaviour } from "./behaviour.ts";
import type { Origin, OriginSpec } from "./origin.ts";
import { answer } from "./origin-answers.ts";
import { isRegion, roundTripMs } from "./round-trip.ts";
import { echoWebSocket } from "./web-socket-echo.ts";

const HOST = "127.0.0.1";

/**
 * Starts an origin in this process.
 *
 * @throws Error when its port cannot be listened on
 */
export async function startOriginServer(spec: OriginSpec): Promise<Origin> {
  let behaviour = HEALTHY;
  let underBehaviour = 0;
  let received = 0;
  let affected = 0;
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  /** Counts a request and says what it meets. */
  function meet(): Behaviour {
    received++;
    if (behaviour.mode === "ok" || !isAffected(++underBehaviour, behaviour.rate)) return HEALTHY;
    affected++;
    return behaviour;
  }

  async function listen(): Promise<void> {
    const opening = createServer({ maxHeaderSize: 256 * 1024, requestTimeout: 0, keepAliveTimeout: 600_000 });
    opening.on(
      "request",
      (request, response) => void serve(spec, meet(), request, response).catch(() => response.destroy()),
    );
    opening.on("checkContinue", (request, response) => {
      response.writeContinue();
      opening.emit("request", request, response);
    });
    opening.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      void meetUpgrade(spec, meet(), request, socket, head).catch(() => socket.destroy());
    });
    opening.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      opening.once("error", reject).listen({ port: spec.port, host: HOST, exclusive: true, backlog: 1024 }, resolve);
    });
    server = opening;
  }

  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = new Promise((resolve) => {
      closing.close(resolve);
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await listen();
  return {
    spec,
    url: `http://${HOST}:${spec.port}`,
    behaviour: () => behaviour,
    async behave(next) {
      behaviour = next;
      underBehaviour = 0;
      if (next.mode === "down") await close();
      else if (server === undefined) await listen();
    },
    counts: () => Promise.resolve({ received, affected }),
    stop: close,
  };
}

async function serve(
  spec: OriginSpec,
  { mode, status, delayMs, at }: Behaviour,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (mode === "hang") return;
  const waitMs = roundTrip(spec, request) + (mode === "slow" ? delayMs : 0);
  await sleep(waitMs);
  if (mode === "reset") return reset(request, response, at);
  await answer(spec, request, response, { waitedMs: waitMs, failWith: mode === "error" ? status : undefined });
}

async function meetUpgrade(
  spec: OriginSpec,
  { mode, status, delayMs }: Behaviour,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  if (mode === "hang") return;
  await sleep(roundTrip(spec, request) + (mode === "slow" ? delayMs : 0));
  if (mode === "reset") socket.resetAndDestroy();
  else if (mode === "error") socket.end(`HTTP/1.1 ${status} Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  else echoWebSocket(request, socket, head);
}

/** Resets the connection for real (RST instead of FIN): at once, or when the head and half of the body have left. */
function reset(request: IncomingMessage, response: ServerResponse, at: Behaviour["at"]): void {
  if (at === "head") {
    request.socket.resetAndDestroy();
    return;
  }
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": 2000 });
  // A reset discards what the kernel still holds, so it waits until the first half has been handed on.
  response.write(" ".repeat(1000), () => void setTimeout(() => request.socket.resetAndDestroy(), 50));
}

function roundTrip(spec: OriginSpec, request: IncomingMessage): number {
  const from = request.headers["fairlead-region"];
  return spec.roundTrips && isRegion(from) ? roundTripMs(spec.region, from) : 0;
}
