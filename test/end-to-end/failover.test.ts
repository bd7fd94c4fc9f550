/** What a client sees when an origin fails in every way it can, on real workerd before real sockets. */
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway, type TestService } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, whole, type RawAnswer } from "../support/raw-http.ts";

/** Local ejections last one second. */
const EJECTION_MS = 1000;

const METHODS = ["GET", "PUT", "POST"] as const;

const faults: Record<string, (socket: Socket) => void> = {
  "a reset before the head": (socket) => socket.resetAndDestroy(),
  "a close inside the head": (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  "something that is not HTTP": (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  silence: () => undefined,
  "502": (socket) => socket.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nsick"),
  "503": (socket) => socket.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick"),
  "504": (socket) => socket.write("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 4\r\n\r\nsick"),
  "520": (socket) => socket.write("HTTP/1.1 520 Unknown\r\nContent-Length: 4\r\n\r\nsick"),
  "conflicting lengths": (socket) =>
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"),
  "a status that no client understands": (socket) => socket.write("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
};

const silent = faults["silence"]!;
const reset = faults["a reset before the head"]!;

let gateway: TestGateway;
let unused: TestService[];

beforeAll(async () => {
  const timeouts = { firstByteMs: 1000, totalMs: 10_000 };
  gateway = await startGateway(Object.keys(faults).length * METHODS.length + 10, { timeouts });
  unused = [...gateway.services];
});
afterAll(() => gateway.stop());

/** A service that no test has touched, its second origin healthy. */
function untouched(): TestService {
  const service = unused.pop()!;
  service.second.respond = (socket) => socket.write(whole("from second"));
  return service;
}

async function ask({ host }: TestService, method: string, body = ""): Promise<RawAnswer> {
  const fields = body === "" ? [] : [`Content-Length: ${body.length}`];
  return parseAnswer(await sendRaw(gateway.worker.port, head(host, method, "/x", ...fields) + body));
}

describe.each(Object.entries(faults))("when the first origin answers with %s", (_, fault) => {
  it("GET is answered by the second in the same request", async () => {
    const service = untouched();
    service.first.respond = fault;
    const answer = await ask(service, "GET");
    expect(answer.status).toBe(200);
    expect(answer.body).toBe("from second");
    expect(answer.fields.get("fairlead-attempts")).toMatch(/^first\d+=\S+, second\d+=200$/);
    expect(service.first.received).toHaveLength(1);
  });

  it("PUT is sent again with its body", async () => {
    const service = untouched();
    service.first.respond = fault;
    const answer = await ask(service, "PUT", "the body");
    expect(answer.body).toBe("from second");
    expect(service.second.received[0]).toMatch(/\r\n\r\nthe body$/);
  });

  it("POST is never sent twice", async () => {
    const service = untouched();
    service.first.respond = fault;
    const answer = await ask(service, "POST", "order one pizza");
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(service.first.received).toHaveLength(1);
    expect(service.second.received).toHaveLength(0);
  });
});

it("passes the origin's own error on when there is nothing better", async () => {
  const service = untouched();
  service.first.respond = faults["502"]!;
  service.second.respond = (socket) =>
    socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 6\r\nX-Why: load\r\n\r\nsecond");
  const answer = await ask(service, "GET");
  expect(answer.status).toBe(503);
  expect(answer.body).toBe("second");
  expect(answer.fields.get("x-why")).toBe("load");
  expect(answer.fields.get("fairlead-attempts")).toMatch(/=502, second\d+=503$/);
});

it("answers 502 as problem+json when no origin gives any answer", async () => {
  const service = untouched();
  service.first.respond = reset;
  service.second.respond = reset;
  const answer = await ask(service, "GET");
  expect(answer.status).toBe(502);
  expect(answer.fields.get("content-type")).toBe("application/problem+json");
  expect(JSON.parse(answer.body)).toMatchObject({ status: 502, requestId: answer.fields.get("x-request-id") });
});

it("answers 504 when the last origin is silent", async () => {
  const service = untouched();
  service.first.respond = silent;
  service.second.respond = silent;
  expect((await ask(service, "GET")).status).toBe(504);
});

it("never passes an origin's interim response on as its answer", async () => {
  const service = untouched();
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
  service.first.respond = (socket) => socket.write(early + whole("final"));
  const bytes = await sendRaw(gateway.worker.port, head(service.host, "GET", "/x"));
  expect(bytes).toMatch(/^HTTP\/1\.1 200 /);
  expect(["final", "from second"]).toContain(parseAnswer(bytes).body);
});

it("leaves a body that was cut short visibly short when its length is known", async () => {
  const service = untouched();
  service.first.respond = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    setTimeout(() => socket.resetAndDestroy(), 50);
  };
  const answer = await ask(service, "GET");
  expect(answer.fields.get("content-length")).toBe("100");
  expect(answer.body).toBe("abc");
});

it("leaves a chunked body that was cut short without its last chunk", async () => {
  const service = untouched();
  service.first.respond = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    setTimeout(() => socket.resetAndDestroy(), 50);
  };
  const answer = await ask(service, "GET");
  expect(answer.body).toContain("abc");
  expect(answer.body).not.toMatch(/0\r\n\r\n$/);
});

it("loses no client of a burst that meets a dead origin, whatever the retry budget", async () => {
  const service = untouched();
  service.first.respond = reset;
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(service, "GET")));
  expect(answers.map(({ body }) => body)).toEqual(answers.map(() => "from second"));
});

it("loses no client to a run of bad answers from one origin, whatever the retry budget", async () => {
  const service = untouched();
  service.first.respond = faults["503"]!;
  for (let nth = 0; nth < 10; nth++) expect((await ask(service, "GET")).status).toBe(200);
});

it("keeps away from an origin for a second after it could not be reached, then takes it back", async () => {
  const service = untouched();
  service.first.respond = reset;
  const brokenAtMs = performance.now();
  await ask(service, "GET");
  service.first.respond = (socket) => socket.write(whole("from first"));
  await expect.poll(async () => (await ask(service, "GET")).body).toBe("from first");
  expect(performance.now() - brokenAtMs).toBeGreaterThanOrEqual(EJECTION_MS);
});
