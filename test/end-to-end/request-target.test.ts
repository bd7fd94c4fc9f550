/** Which path and host a request is taken for, and which its origin sees. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { head, parseAnswer, sendRaw, whole, type RawOrigin } from "../support/raw-http.ts";

let gateway: TestGateway;
let first: RawOrigin;

beforeAll(async () => {
  gateway = await startGateway(1, {
    request: { stripPrefix: "/api", rewrite: [{ from: "/old", to: "/new" }] },
    cache: { rules: [{ match: { paths: ["/kept", "/kept/*"] } }] },
  });
  first = gateway.services[0]!.first;
});
afterAll(() => gateway.stop());
beforeEach(() => void (first.received.length = 0));

const send = async (host: string, target: string, method = "GET") =>
  parseAnswer(await sendRaw(gateway.worker.port, head(host, method, target), 3000));

it.each([
  ["/old/a?b", "/new/a?b"],
  ["/api/old", "/new"],
  ["/older", "/older"],
  ["/apis/old", "/apis/old"],
])("a request for %s reaches its origin as one for %s", async (target, expected) => {
  expect((await send("s0.localhost", target)).status).toBe(200);
  expect(first.received[0]!.split(" ")[1]).toBe(expected);
});

describe("a write", () => {
  const status = async (target: string) => (await send("s0.localhost", target)).fields.get("cache-status");
  beforeEach(() => {
    first.respond = (socket) =>
      socket.write(whole("kept", "Cache-Control: max-age=60", "Location: http://s0.localhost/kept/named"));
  });

  it.each(["/kept/a/../%7eb", "/kept/?q='1'"])("drops what is stored for its target as it came: %s", async (target) => {
    expect(await status(target)).toContain("stored");
    expect(await status(target)).toContain("; hit");
    await send("s0.localhost", target, "DELETE");
    expect(await status(target)).toContain("fwd=uri-miss");
  });

  it("drops what its answer names on the same host, with the root's dot or without", async () => {
    for (const host of ["s0.localhost", "s0.localhost."]) {
      expect(await status("/kept/named")).toContain("stored");
      expect(await status("/kept/named")).toContain("; hit");
      await send(host, "/kept/other", "DELETE");
    }
    expect(await status("/kept/named")).toContain("fwd=uri-miss");
  });
});

describe("a host with the dot that may end an absolute name", () => {
  it.each(["s0.localhost.", "S0.localhost.:8787"])("%s is that of the service, to its origin too", async (host) => {
    expect((await send(host, "/x")).status).toBe(200);
    const told = /^x-forwarded-host: (.*)\r$/im.exec(first.received[0]!)![1]!;
    expect(told).toBe(host.replace(".:", ":").replace(/\.$/, ""));
    expect(first.received[0]).toMatch(new RegExp(`^forwarded: .*;host="${told}";proto=http\r$`, "im"));
  });

  it("is answered from what was stored for the same host without it", async () => {
    first.respond = (socket) => socket.write(whole("kept", "Cache-Control: max-age=60"));
    expect((await send("s0.localhost", "/kept")).fields.get("cache-status")).toContain("stored");
    expect((await send("s0.localhost.", "/kept")).fields.get("cache-status")).toContain("; hit");
    expect(first.received).toHaveLength(1);
  });

  it("is an admin host where the name without it is one", async () => {
    expect((await send("admin.localhost.", "/health/live")).status).toBe(200);
  });

  it.each(["s0.localhost..", ".", "admin.localhost.."])("%s is nobody's", async (host) => {
    expect((await send(host, "/x")).status).toBe(421);
    expect(first.received).toHaveLength(0);
  });
});

describe("a service that wants https", () => {
  let secure: TestGateway;
  beforeAll(async () => {
    secure = await startGateway(1, { httpsRedirect: true });
  });
  afterAll(() => secure.stop());

  it.each([
    ["s0.localhost", "/q?a=%2F", "https://s0.localhost/q?a=%2F"],
    ["S0.localhost.:8080", "/a/../b", "https://s0.localhost/a/../b"],
  ])("sends http requests for %s there, without the port that spoke http", async (host, target, location) => {
    const answer = parseAnswer(
      await sendRaw(secure.worker.port, head(host, "POST", target, "Content-Length: 0"), 3000),
    );
    expect(answer.status).toBe(308);
    expect(answer.fields.get("location")).toBe(location);
    expect(secure.services[0]!.first.received).toHaveLength(0);
  });
});
