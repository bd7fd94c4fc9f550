/** What a client sees when an origin fails in every way it can, on real workerd before real sockets. */
import type { Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, startRawOrigin, whole, type RawAnswer, type RawOrigin } from "../support/raw-http.ts";

/** Local ejections last one second; tests that follow a failure wait it out. */
const EJECTION_MS = 1000;
const FIRST_BYTE_MS = 500;

let gateway: TestGateway;
let first: RawOrigin;
let second: RawOrigin;
let ejectedAtMs = 0;

beforeAll(async () => {
  gateway = await startGateway({ timeouts: { firstByteMs: FIRST_BYTE_MS, totalMs: 5000 }, ejection: { panic: "fail-closed" } });
  [first, second] = await Promise.all([startRawOrigin(gateway.firstPort), startRawOrigin(gateway.secondPort)]);
});
afterAll(() => Promise.all([gateway.worker.stop(), first.stop(), second.stop()]));

beforeEach(async () => {
  const leftMs = ejectedAtMs + EJECTION_MS + 100 - Date.now();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
  first.received.length = 0;
  second.received.length = 0;
  second.respond = (socket) => socket.write(whole("from second"));
});

async function ask(method: string, respond: (socket: Socket) => void, body = ""): Promise<RawAnswer> {
  first.respond = respond;
  const fields = body === "" ? [] : [`Content-Length: ${body.length}`];
  const answer = parseAnswer(await sendRaw(gateway.worker.port, head(method, "/x", ...fields) + body));
  ejectedAtMs = Date.now();
  return answer;
}

const faults: Record<string, (socket: Socket) => void> = {
  "a reset before the head": (socket) => socket.resetAndDestroy(),
  "a close inside the head": (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  "something that is not HTTP": (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  silence: () => undefined,
  "502": (socket) => socket.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nsick"),
  "503": (socket) => socket.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick"),
  "504": (socket) => socket.write("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 4\r\n\r\nsick"),
  "520": (socket) => socket.write("HTTP/1.1 520 Unknown\r\nContent-Length: 4\r\n\r\nsick"),
  "conflicting lengths": (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"),
  "a status that no client understands": (socket) => socket.write("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
};

describe.each(Object.entries(faults))("when the first origin answers with %s", (_, fault) => {
  it("GET is answered by the second in the same request", async () => {
    const answer = await ask("GET", fault);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe("from second");
    expect(answer.fields.get("fairlead-origin")).toBe("second");
    expect(first.received).toHaveLength(1);
  });

  it("PUT is sent again with its body", async () => {
    const answer = await ask("PUT", fault, "the body");
    expect(answer.body).toBe("from second");
    expect(second.received[0]).toMatch(/\r\n\r\nthe body$/);
  });

  it("POST is never sent twice", async () => {
    const answer = await ask("POST", fault, "order one pizza");
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(first.received).toHaveLength(1);
    expect(second.received).toHaveLength(0);
  });
});

it("passes the origin's own error on when there is nothing better", async () => {
  second.respond = (socket) => socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 6\r\nX-Why: load\r\n\r\nsecond");
  const answer = await ask("GET", faults["502"]!);
  expect(answer.status).toBe(503);
  expect(answer.body).toBe("second");
  expect(answer.fields.get("x-why")).toBe("load");
  expect(answer.fields.get("fairlead-attempts")).toBe("first=502, second=503");
});

it("answers 502 as problem+json when no origin gives any answer", async () => {
  second.respond = faults["a reset before the head"]!;
  const answer = await ask("GET", faults["a reset before the head"]!);
  expect(answer.status).toBe(502);
  expect(answer.fields.get("content-type")).toBe("application/problem+json");
  expect(JSON.parse(answer.body)).toMatchObject({ status: 502, requestId: answer.fields.get("x-request-id") });
});

it("answers 504 when the last origin is silent", async () => {
  second.respond = faults["silence"]!;
  const answer = await ask("GET", faults["silence"]!);
  expect(answer.status).toBe(504);
});

it("never passes an origin's interim response on as its answer", async () => {
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
  const answer = await ask("GET", (socket) => socket.write(early + whole("final")));
  expect(answer.status).toBe(200);
  expect(["final", "from second"]).toContain(answer.body);
});

it("leaves a body that was cut short visibly short when its length is known", async () => {
  const answer = await ask("GET", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    setTimeout(() => socket.resetAndDestroy(), 50);
  });
  expect(answer.fields.get("content-length")).toBe("100");
  expect(answer.body).toBe("abc");
});

it("leaves a chunked body that was cut short without its last chunk", async () => {
  const answer = await ask("GET", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    setTimeout(() => socket.resetAndDestroy(), 50);
  });
  expect(answer.body).toContain("abc");
  expect(answer.body).not.toMatch(/0\r\n\r\n$/);
});

it("keeps away from an origin for a second after it could not be reached, then takes it back", async () => {
  await ask("GET", faults["a reset before the head"]!);
  first.respond = (socket) => socket.write(whole("from first"));
  first.received.length = 0;
  const during = parseAnswer(await sendRaw(gateway.worker.port, head("GET", "/x")));
  expect(during.body).toBe("from second");
  expect(first.received).toHaveLength(0);
  await new Promise((resolve) => setTimeout(resolve, ejectedAtMs + EJECTION_MS + 100 - Date.now()));
  const after = parseAnswer(await sendRaw(gateway.worker.port, head("GET", "/x")));
  expect(after.body).toBe("from first");
});
