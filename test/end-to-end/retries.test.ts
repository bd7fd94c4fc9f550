/** Hedging, bulkheads and what clients may ask for, on real workerd before real sockets. */
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway, type TestService } from "../support/gateway.ts";
import { EJECTION_MS } from "../../src/resilience/local-breaker.ts";
import { head, parseAnswer, sendRaw, whole, type RawAnswer } from "../support/raw-http.ts";

const silent = (): void => undefined;
const answers = (text: string) => (socket: Socket) => void socket.write(whole(text));

const FIRST_BYTE_MS = 4_000;

let gateway: TestGateway;
let unused: TestService[];

beforeAll(async () => {
  gateway = await startGateway(9, {
    timeouts: { firstByteMs: FIRST_BYTE_MS, totalMs: 10_000 },
    retry: {
      on: ["connection", "timeout", 503, 429],
      requestHeader: true,
      hedge: { afterMs: 100 },
      backoff: { baseMs: 0 },
      overrides: [{ paths: ["/once"], retry: { attempts: 1 } }],
    },
    concurrency: { max: 1, queue: { max: 1, timeoutMs: 300 } },
  });
  unused = [...gateway.services];
});
afterAll(() => gateway.stop());

function untouched(): TestService {
  const service = unused.pop()!;
  service.second.respond = answers("from second");
  return service;
}

async function ask({ host }: TestService, method = "GET", path = "/x", ...fields: string[]): Promise<RawAnswer> {
  return parseAnswer(await sendRaw(gateway.worker.port, head(host, method, path, ...fields)));
}

it("asks a second origin when the first is slow, and takes its answer", async () => {
  const service = untouched();
  service.first.respond = silent;
  const startedMs = performance.now();
  const answer = await ask(service);
  expect(answer.body).toBe("from second");
  // Long before the first would have been given up.
  expect(performance.now() - startedMs).toBeLessThan(FIRST_BYTE_MS);
  expect(service.first.received).toHaveLength(1);
  expect(answer.fields.get("fairlead-origin")).toMatch(/^second/);
});

it("lets go of the attempt that lost, whose answer nobody waits for", async () => {
  const service = untouched();
  const closed = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<void>();
  service.first.respond = (socket) => {
    socket.on("close", () => closed.resolve());
    // A head that comes too late, and a body without end.
    void lost.promise.then(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun"));
  };
  service.second.respond = (socket) => {
    answers("from second")(socket);
    setTimeout(() => lost.resolve(), 200);
  };
  expect((await ask(service)).body).toBe("from second");
  await closed.promise;
});

it("never hedges a POST", async () => {
  const service = untouched();
  service.first.respond = (socket) => void setTimeout(() => socket.write(whole("late")), 400);
  const answer = await ask(service, "POST", "/x", "Content-Length: 0");
  expect(answer.body).toBe("late");
  expect(service.second.received).toEqual([]);
});

it("retries the statuses that the rule names", async () => {
  const service = untouched();
  service.first.respond = (socket) => void socket.write("HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n");
  expect((await ask(service)).body).toBe("from second");
});

it.each([
  ["when the client asks for one attempt", "/x", ["Fairlead-Retry: attempts=1"]],
  ["when the path allows one attempt", "/once", []],
])("does not retry %s", async (_, path, fields) => {
  const service = untouched();
  service.first.respond = (socket) => void socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nsick");
  const answer = await ask(service, "GET", path, ...fields);
  expect(answer.status).toBe(503);
  expect(service.second.received).toEqual([]);
});

it("leaves an origin alone for as long as its Retry-After says", async () => {
  const service = untouched();
  service.first.respond = (socket) =>
    void socket.write("HTTP/1.1 503 Busy\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
  await ask(service);
  // An ejection alone would be over.
  const untilMs = performance.now() + EJECTION_MS + 200;
  while (performance.now() < untilMs) expect((await ask(service)).body).toBe("from second");
  expect(service.first.received).toHaveLength(1);
});

it("goes to the next candidate when an origin is full, then waits, then says 503 with Retry-After", async () => {
  const service = untouched();
  // POST is not hedged, so each request holds one place: until the two for which there was none have been told.
  const told = Promise.withResolvers<void>();
  for (const origin of [service.first, service.second]) {
    origin.respond = (socket) => void told.promise.then(() => socket.write(whole("at last")));
  }
  let refused = 0;
  const one = async () => {
    const answer = await ask(service, "POST", "/x", "Content-Length: 0");
    if (answer.status === 503 && ++refused === 2) told.resolve();
    return answer;
  };
  const answered = await Promise.all([one(), one(), one(), one()]);
  const statuses = answered.map((answer) => answer.status).toSorted((a, b) => a - b);
  expect(statuses).toEqual([200, 200, 503, 503]);
  expect(service.first.received).toHaveLength(1);
  expect(service.second.received).toHaveLength(1);
  expect(answered.find((answer) => answer.status === 503)!.fields.get("retry-after")).toBe("1");
});
