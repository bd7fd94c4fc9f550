/** Backups on real workerd before real sockets: who takes a request while primaries work, fail and return. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway, type TestService } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, whole, type RawAnswer } from "../support/raw-http.ts";

/** Local ejections last one second. */
const EJECTION_MS = 1000;

let gateway: TestGateway;
let unused: TestService[];

beforeAll(async () => {
  // Round robin would share the traffic, were the second pool no backup.
  gateway = await startGateway(4, { steering: { policy: "round-robin" }, failover: { backups: ["second"] } });
  unused = [...gateway.services];
});
afterAll(() => gateway.stop());

function untouched(): TestService {
  const service = unused.pop()!;
  service.first.respond = (socket) => socket.write(whole("primary"));
  service.second.respond = (socket) => socket.write(whole("backup"));
  return service;
}

async function ask({ host }: TestService, method = "GET"): Promise<RawAnswer> {
  return parseAnswer(await sendRaw(gateway.worker.port, head(host, method, "/x")));
}

it("leaves the backup alone while a primary answers, even with errors that are its own business", async () => {
  const service = untouched();
  for (let nth = 0; nth < 6; nth++) expect((await ask(service)).body).toBe("primary");
  service.first.respond = (socket) => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  expect((await ask(service)).status).toBe(404);
  expect(service.second.received).toHaveLength(0);
});

it("answers from the backup in the same request when the primary breaks, and says so", async () => {
  const service = untouched();
  service.first.respond = (socket) => socket.resetAndDestroy();
  const answer = await ask(service);
  expect(answer.body).toBe("backup");
  expect(answer.fields.get("fairlead-attempts")).toMatch(/^first\d+=connection, second\d+=200$/);
  expect(answer.fields.get("fairlead-decision")).toContain("; backup;");
});

it("goes to the backup alone while the primary is ejected, and returns when it is not", async () => {
  const service = untouched();
  service.first.respond = (socket) => socket.resetAndDestroy();
  const brokenAtMs = performance.now();
  await ask(service);
  service.first.respond = (socket) => socket.write(whole("primary"));
  expect((await ask(service, "POST")).body).toBe("backup");
  await expect.poll(async () => (await ask(service)).body).toBe("primary");
  expect(performance.now() - brokenAtMs).toBeGreaterThanOrEqual(EJECTION_MS);
});

it("passes the backup's own error on when nothing is better", async () => {
  const service = untouched();
  service.first.respond = (socket) => socket.resetAndDestroy();
  service.second.respond = (socket) => socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\nbackup");
  const answer = await ask(service);
  expect({ status: answer.status, body: answer.body }).toEqual({ status: 503, body: "backup" });
});
