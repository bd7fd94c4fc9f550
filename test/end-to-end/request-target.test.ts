/** Which path and host a request is taken for, and which its origin sees. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, type RawOrigin } from "../support/raw-http.ts";

let gateway: TestGateway;
let first: RawOrigin;

beforeAll(async () => {
  gateway = await startGateway(1, { request: { stripPrefix: "/api", rewrite: [{ from: "/old", to: "/new" }] } });
  first = gateway.services[0]!.first;
});
afterAll(() => gateway.stop());
beforeEach(() => void (first.received.length = 0));

const send = async (host: string, target: string) =>
  parseAnswer(await sendRaw(gateway.worker.port, head(host, "GET", target), 3000));

it.each([
  ["/old/a?b", "/new/a?b"],
  ["/api/old", "/new"],
  ["/older", "/older"],
  ["/apis/old", "/apis/old"],
])("a request for %s reaches its origin as one for %s", async (target, expected) => {
  expect((await send("s0.localhost", target)).status).toBe(200);
  expect(first.received[0]!.split(" ")[1]).toBe(expected);
});
