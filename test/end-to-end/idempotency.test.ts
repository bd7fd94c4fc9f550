/** Keyed POSTs on real workerd before real sockets: run once, answered as often as asked. */
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway, type TestService } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, whole, type RawAnswer } from "../support/raw-http.ts";

let gateway: TestGateway;
let unused: TestService[];

beforeAll(async () => {
  gateway = await startGateway(5, { idempotency: {} });
  unused = [...gateway.services];
});
afterAll(() => gateway.stop());

async function post({ host }: TestService, body: string, ...fields: string[]): Promise<RawAnswer> {
  const text = head(host, "POST", "/orders", `Content-Length: ${body.length}`, "Idempotency-Key: k1", ...fields) + body;
  return parseAnswer(await sendRaw(gateway.worker.port, text));
}

/** A service whose first origin counts the orders it takes, none of them before `until`. */
function counting(until: Promise<void> = Promise.resolve()): TestService {
  const service = unused.pop()!;
  let orders = 0;
  service.first.respond = (socket) => void until.then(() => socket.write(whole(`order ${++orders}`)));
  return service;
}

it("gives the first answer to a repeat, 422 to another body, and keeps callers apart", async () => {
  const service = counting();
  expect((await post(service, "tea")).body).toBe("order 1");
  const repeat = await post(service, "tea");
  expect(repeat.body).toBe("order 1");
  expect(repeat.fields.get("idempotency-replayed")).toBe("true");
  expect((await post(service, "milk")).status).toBe(422);
  expect((await post(service, "tea", "Authorization: Bearer other")).body).toBe("order 2");
  expect(service.first.received).toHaveLength(2);
});

it("gives an encoded answer as the origin encoded it, at first and when it is repeated", async () => {
  const service = counting();
  const packed = gzipSync("order 1").toString("latin1");
  service.first.respond = (socket) => socket.write(Buffer.from(whole(packed, "Content-Encoding: gzip"), "latin1"));
  for (const replayed of [undefined, "true"]) {
    const { fields, body } = await post(service, "tea", "Accept-Encoding: gzip");
    expect(fields.get("idempotency-replayed")).toBe(replayed);
    expect(fields.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(Buffer.from(body, "latin1")).toString()).toBe("order 1");
  }
});

it("runs one of several at once and tells the others to wait", async () => {
  const told = Promise.withResolvers<void>();
  const service = counting(told.promise);
  let waiting = 0;
  const one = async () => {
    const answer = await post(service, "tea");
    if (answer.status === 409 && ++waiting === 2) told.resolve();
    return answer;
  };
  const answers = await Promise.all([one(), one(), one()]);
  expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  expect(service.first.received).toHaveLength(1);
});

it("answers 502 once when it cannot know, and lets the client try again", async () => {
  const service = counting();
  const works = service.first.respond;
  service.first.respond = (socket) => socket.resetAndDestroy();
  expect((await post(service, "tea")).status).toBe(502);
  expect(service.second.received).toEqual([]);
  service.first.respond = works;
  service.second.respond = works;
  expect((await post(service, "tea")).body).toBe("order 1");
});
