/** Clients that stop sending in the middle of a body that is read before an origin is asked, and clients that only pause. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { parseAnswer, type RawAnswer, type RawOrigin } from "../support/raw-http.ts";

const FIRST_BYTE_MS = 800;
/** What is read first has to be in after this: all that is left of `totalMs` is an attempt's. */
const WHOLE_MS = 1_600;

let gateway: TestGateway;
let first: RawOrigin;
let second: RawOrigin;

beforeAll(async () => {
  gateway = await startGateway(1, {
    timeouts: { firstByteMs: FIRST_BYTE_MS, totalMs: WHOLE_MS + FIRST_BYTE_MS },
    idempotency: {},
  });
  ({ first, second } = gateway.services[0]!);
  // The first request waits for the view's first sync, which is not what is timed here.
  await send([head("GET")]);
});
afterAll(() => gateway.stop());
beforeEach(() => {
  first.received.length = 0;
  second.received.length = 0;
});

const head = (method: string, ...fields: string[]) =>
  [`${method} /x HTTP/1.1`, "Host: s0.localhost", ...fields, "", ""].join("\r\n");

/** Sends the pieces with a pause before each but the first, and then nothing. The client asks for no close itself. */
async function send(pieces: string[], pauseMs = 0): Promise<{ answer: RawAnswer; tookMs: number; closed: boolean }> {
  const startedAt = performance.now();
  const socket = connect(gateway.worker.port, "127.0.0.1");
  let closed = false;
  let text = "";
  socket.on("error", () => undefined);
  socket.on("close", () => (closed = true));
  const answered = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      resolve();
    });
    socket.on("close", () => resolve());
  });
  await once(socket, "connect");
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(pauseMs);
    if (text !== "") break;
    socket.write(piece, "latin1");
  }
  await answered;
  const tookMs = performance.now() - startedAt;
  // Whoever closes does so at once.
  if (!closed) await Promise.race([once(socket, "close"), sleep(300)]);
  socket.destroy();
  return { answer: parseAnswer(text), tookMs, closed };
}

describe("a client that falls silent in the middle of", () => {
  it.each([
    ["a small upload", [head("PUT", "Content-Length: 100"), "0123456789"]],
    ["an upload that it has not begun", [head("PUT", "Content-Length: 100")]],
    ["an upload with an Idempotency-Key", [head("POST", "Content-Length: 100", "Idempotency-Key: k1"), "0123456789"]],
    ["the content of a GET", [head("GET", "Content-Length: 100"), "0123456789"]],
    ["the content of a GET, before its first chunk", [head("GET", "Transfer-Encoding: chunked")]],
  ])("%s gets 408 and its connection closed, and no origin is asked", async (_, pieces) => {
    const { answer, tookMs, closed } = await send(pieces);
    expect(answer.status).toBe(408);
    expect(answer.fields.get("content-type")).toBe("application/problem+json");
    expect(answer.fields.get("connection")).toBe("close");
    expect(JSON.parse(answer.body)).toMatchObject({ type: "https://fairlead.dev/problems/upload-timeout" });
    expect(closed).toBe(true);
    expect(tookMs).toBeGreaterThan(FIRST_BYTE_MS - 50);
    expect(tookMs).toBeLessThan(WHOLE_MS + FIRST_BYTE_MS);
    expect([first.received, second.received]).toEqual([[], []]);
  });
});

it("an upload that is relayed and stalls has its connection closed too, and its origin no whole request", async () => {
  const { answer, closed } = await send([head("PUT", "Content-Length: 150000"), "a".repeat(100_000)]);
  expect(answer.status).toBe(408);
  expect(closed).toBe(true);
  expect([first.received, second.received]).toEqual([[], []]);
});

it("a client that sends drop by drop is not waited for until no time is left to ask an origin", async () => {
  const drops = Array.from({ length: 30 }, () => "a");
  const { answer, tookMs } = await send([head("PUT", "Content-Length: 100"), ...drops], 200);
  expect(answer.status).toBe(408);
  expect(tookMs).toBeGreaterThan(WHOLE_MS - 50);
  expect([first.received, second.received]).toEqual([[], []]);
});

describe("a client that only pauses", () => {
  it.each([
    ["an upload", head("PUT", "Content-Length: 12")],
    ["the content of a GET", head("GET", "Content-Length: 12")],
  ])("in %s is served, by the next origin with the same bytes if need be", async (_, start) => {
    const { respond } = first;
    first.respond = (socket) => socket.destroy();
    const { answer, closed } = await send([start, "some", " of", " this"], 200);
    first.respond = respond;
    expect(answer.status).toBe(200);
    expect(closed).toBe(false);
    expect(second.received[0]).toMatch(/\r\n\r\nsome of this$/);
  });

  it("in an upload with an Idempotency-Key is served", async () => {
    const start = head("POST", "Content-Length: 12", "Idempotency-Key: k2");
    const { answer, closed } = await send([start, "some", " of", " this"], 200);
    expect(answer.status).toBe(200);
    expect(closed).toBe(false);
    expect([...first.received, ...second.received]).toEqual([expect.stringMatching(/\r\n\r\nsome of this$/)]);
  });
});
