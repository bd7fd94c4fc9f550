/** Requests as no honest client writes them: what is refused, what is repaired, and that nothing of it reaches an origin as something else. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { head as headFor, parseAnswer, sendRaw, whole, type RawOrigin } from "../support/raw-http.ts";

let gateway: TestGateway;
let first: RawOrigin;

beforeAll(async () => {
  const limits = { maxBodyBytes: 200_000, maxUrlBytes: 2000, maxHeaderBytes: 8000 };
  // What is stored is looked for here, and not whether a loaded machine renews its lease in time.
  const rules = [{ match: { paths: ["/cached/*"] }, key: { headers: ["X-Tenant"] } }];
  const cache = { withoutLease: "serve" as const, rules };
  gateway = await startGateway(1, { limits, timeouts: { firstByteMs: 1000 }, retry: { attempts: 1 }, cache });
  first = gateway.services[0]!.first;
});
afterAll(() => gateway.stop());
beforeEach(() => {
  first.received.length = 0;
  first.broken = 0;
  first.respond = (socket) => socket.write(whole("ok"));
});

const head = (method: string, target: string, ...fields: string[]) =>
  headFor("s0.localhost", method, target, ...fields);
const send = async (...pieces: string[]) => parseAnswer(await sendRaw(gateway.worker.port, pieces, 3000));
const chunked = (...chunks: string[]) => head("POST", "/x", "Transfer-Encoding: chunked") + chunks.join("");

describe("a request that cannot be right is refused and never forwarded", () => {
  const cases: [string, string, number][] = [
    ["two different lengths", `${head("POST", "/x", "Content-Length: 3", "Content-Length: 4")}abcd`, 400],
    ["a length that is no number", `${head("POST", "/x", "Content-Length: 3x")}abc`, 400],
    ["a negative length", `${head("POST", "/x", "Content-Length: -3")}abc`, 400],
    ["an unknown transfer coding", `${head("POST", "/x", "Transfer-Encoding: xchunked")}3\r\nabc\r\n0\r\n\r\n`, 400],
    ["a coding beside chunked", `${head("POST", "/x", "Transfer-Encoding: gzip, chunked")}3\r\nabc\r\n0\r\n\r\n`, 400],
    ["chunked not last", `${head("POST", "/x", "Transfer-Encoding: chunked, identity")}3\r\nabc\r\n0\r\n\r\n`, 400],
    ["two hosts", "GET /x HTTP/1.1\r\nHost: s0.localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n", 400],
    ["no host", "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    [
      "a host with a quote in it",
      'GET /x HTTP/1.1\r\nHost: s0.localhost";for=6.6.6.6;x="\r\nConnection: close\r\n\r\n',
      400,
    ],
    ["a port beyond all ports", "POST /x HTTP/1.1\r\nHost: s0.localhost:65536\r\nConnection: close\r\n\r\n", 400],
    [
      "a host with a name where its port should be",
      "GET /x HTTP/1.1\r\nHost: evil.test:x.s0.localhost\r\nConnection: close\r\n\r\n",
      400,
    ],
    ["a folded field", head("GET", "/x", "X-A: b\r\n c"), 400],
    ["a space before the colon", head("GET", "/x", "X-A : b"), 400],
    ["TRACE", head("TRACE", "/x"), 405],
    [
      "a WebSocket handshake that is no GET",
      "POST /x HTTP/1.1\r\nHost: s0.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc",
      400,
    ],
    ["a URL that is too long", head("GET", `/${"a".repeat(3000)}`), 414],
    ["fields that are too large", head("GET", "/x", `X-A: ${"a".repeat(9000)}`), 431],
    ["a body that is declared too large", head("POST", "/x", "Content-Length: 200001"), 413],
    ["a host that nobody serves", "GET /x HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n", 421],
  ];
  it.each(cases)("%s", async (_, request, status) => {
    const answer = await send(request);
    expect(answer.status).toBe(status);
    expect(first.received).toHaveLength(0);
  });

  it("CONNECT opens no tunnel", async () => {
    const answer = await send("CONNECT s0.localhost:80 HTTP/1.1\r\nHost: s0.localhost:80\r\n\r\n");
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(first.received).toHaveLength(0);
  });
});

describe("an upload that breaks is never passed on as whole", () => {
  it.each([
    ["a chunk size that is no number, first", chunked("zz\r\nabc\r\n0\r\n\r\n")],
    ["a chunk size that is no number, later", chunked("3\r\nabc\r\n", "zz\r\nabc\r\n0\r\n\r\n")],
    ["a negative chunk size", chunked("-1\r\nabc\r\n0\r\n\r\n")],
    ["a chunk size with a prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n")],
    ["a chunk size beyond any number", chunked("fffffffffffffffff\r\nabc\r\n0\r\n\r\n")],
    ["a chunk size ended by a lone LF", chunked("3\nabc\r\n0\r\n\r\n")],
    ["a chunk longer than it says", chunked("3\r\nabcXX0\r\n\r\n")],
  ])("%s", async (_, request) => {
    const answer = await send(request);
    expect(answer.status).toBe(400);
    expect(first.received).toHaveLength(0);
  });

  it("a body of undeclared length that grows too large gets 413, and the origin no clean end", async () => {
    const chunk = `8000\r\n${"a".repeat(32_768)}\r\n`;
    const answer = await send(chunked(...Array.from({ length: 8 }, () => chunk), "0\r\n\r\n"));
    expect(answer.status).toBe(413);
    expect(first.received).toHaveLength(0);
  });
});

it("an upload whose client falls silent gets 408, and its origin the next request all the same", async () => {
  const stalled = head("PUT", "/x", "Content-Length: 150000") + "a".repeat(100_000);
  expect((await send(stalled)).status).toBe(408);
  expect((await send(head("GET", "/x"))).fields.get("fairlead-attempts")).toBe("first0=200");
});

describe("the content of a GET or a HEAD", () => {
  it.each([
    ["with a length", head("GET", "/x", "Content-Length: 3") + "abc", /\r\n\r\nabc$/],
    ["empty, with a length", head("GET", "/x", "Content-Length: 0"), /\r\n\r\n$/],
    ["empty, in chunks", `${head("GET", "/x", "Transfer-Encoding: chunked")}0\r\n\r\n`, /\r\n\r\n$/],
    ["empty, of a HEAD", head("HEAD", "/x", "Content-Length: 0"), /\r\n\r\n$/],
  ])("%s reaches the origin", async (_, request, received) => {
    const answer = await send(request);
    expect(answer.status).toBe(200);
    expect(answer.fields.get("fairlead-attempts")).toBe("first0=200");
    expect(first.received).toEqual([expect.stringMatching(received)]);
  });

  it.each([
    ["too long", `${head("GET", "/x", "Content-Length: 70000")}${"a".repeat(70_000)}`, 413],
    ["in chunks", `${head("GET", "/x", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n`, 411],
    ["malformed", `${head("GET", "/x", "Transfer-Encoding: chunked")}zz\r\nabc\r\n`, 400],
  ])("%s is refused, and no origin is blamed for it", async (_, request, status) => {
    expect((await send(request)).status).toBe(status);
    expect(first.received).toHaveLength(0);
    expect((await send(head("GET", "/x"))).fields.get("fairlead-attempts")).toBe("first0=200");
  });
});

describe("what an origin is told", () => {
  it("carries nothing that was meant for this hop, and Fairlead's own word on where it came from", async () => {
    await send(
      head(
        "GET",
        "/x?a=%2F",
        "Connection: X-Nominated, keep-alive",
        "X-Nominated: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic x",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Forwarded: for=6.6.6.6",
        "X-Forwarded-For: 6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "Fairlead-Region: afr",
        "Via: 1.0 fred",
        "X-Request-Id: mine-1",
      ),
    );
    const request = first.received[0]!;
    expect(request).toMatch(/^GET \/x\?a=%2F HTTP\/1\.1\r\n/);
    expect(request).not.toMatch(/^(x-nominated|keep-alive|proxy-\S+|te|upgrade|http2-settings|x-real-ip):/im);
    expect(request).not.toContain("6.6.6.6");
    expect(request).toMatch(/^forwarded: for=unknown;host="s0\.localhost";proto=http\r$/im);
    expect(request).toMatch(/^x-forwarded-host: s0\.localhost\r$/im);
    expect(request).toMatch(/^x-forwarded-proto: http\r$/im);
    expect(request).toMatch(/^via: 1\.0 fred, 1\.1 fairlead-[0-9a-f]{8}\r$/im);
    expect(request).toMatch(/^x-request-id: mine-1\r$/im);
    expect(request).toMatch(/^fairlead-region: enam\r$/im);
  });

  it.each([
    "X_Forwarded_For",
    "x-forwarded_for",
    "X_Forwarded-Proto",
    "X_Real_IP",
    "CF_Connecting_IP",
    "Fairlead_Region",
  ])("is spared %s, which CGI reads as the field that it looks like", async (name) => {
    await send(head("GET", "/x", `${name}: forged`, "X_Other: kept"));
    expect(first.received[0]).not.toContain("forged");
    expect(first.received[0]).toMatch(/^x_other: kept\r$/im);
  });

  it("makes a request id when the client's is not fit to be logged", async () => {
    await send(head("GET", "/x", `X-Request-Id: ${"a".repeat(300)}`));
    expect(first.received[0]).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/im);
  });

  it.each([
    "/a%2Fb/%7E/%41",
    "/%2e%2E/x",
    "//double//slash",
    "/semi;colon/(x)!$&,:@~=*+",
    "/q?&&a=+%20b&%zz",
    "/bare?",
  ])("gets %s byte for byte", async (target) => {
    await send(head("GET", target));
    expect(first.received[0]!.split(" ")[1]).toBe(target);
  });

  it("is spared a request that has been here before", async () => {
    await send(head("GET", "/x"));
    const via = /^via: (.*)\r$/im.exec(first.received[0]!)![1]!;
    const answer = await send(head("GET", "/x", `Via: ${via}`));
    expect(answer.status).toBe(508);
    expect(first.received).toHaveLength(1);
  });
});

describe("a field that the client keeps to this hop", () => {
  /** What this origin says depends on what it is asked with. */
  const answersFor = (name: string, ...fields: string[]) => {
    first.respond = (socket) => {
      const value = new RegExp(`^${name}: (.*)\\r$`, "im").exec(first.received.at(-1)!)?.[1] ?? "nobody";
      socket.write(whole(`for ${value}`, "Cache-Control: max-age=60", ...fields));
    };
  };

  it.each([
    ["its Vary", "Origin", ["Vary: Origin"]],
    ["the key", "X-Tenant", []],
  ])("puts nothing into the cache for those who send it on, by %s", async (_, name, fields) => {
    const path = `/cached/${name}`;
    answersFor(name, ...fields);
    const kept = await send(headFor("s0.localhost", "GET", path, `Connection: ${name}`, `${name}: them`));
    expect(kept.body).toBe("for nobody");
    expect((await send(head("GET", path, `${name}: them`))).body).toBe("for them");
    expect((await send(head("GET", path))).body).toBe("for nobody");
    expect(first.received).toHaveLength(2);
  });
});

it("answers OPTIONS about the server as a whole itself", async () => {
  const answer = await send(head("OPTIONS", "*"));
  expect(answer.status).toBe(204);
  expect(answer.fields.get("allow")).toContain("GET");
  expect(first.received).toHaveLength(0);
});

it("answers OPTIONS with no forwards left itself, and counts the others down", async () => {
  const own = await send(head("OPTIONS", "/x", "Max-Forwards: 0"));
  expect(own.status).toBe(204);
  expect(own.fields.get("allow")).toContain("GET");
  expect(first.received).toHaveLength(0);
  await send(head("OPTIONS", "/x", "Max-Forwards: 5"));
  expect(first.received[0]).toMatch(/^max-forwards: 4\r$/im);
  await send(head("OPTIONS", "/x", `Max-Forwards: ${"9".repeat(30)}`));
  expect(first.received[1]).toMatch(/^max-forwards: 999999\r$/im);
});

it("takes what is no address for none, and writes nothing of it into fields that origins believe", async () => {
  expect((await send(head("GET", "/x", "CF-Connecting-IP: 192.0.2.1;host=evil, for=192.0.2.9"))).status).toBe(200);
  expect(first.received[0]).toMatch(/^forwarded: for=unknown;/im);
  expect(first.received[0]).not.toMatch(/^(?:x-)?forwarded.*(?:evil|192\.0\.2)/im);
});

it("answers Expect: 100-continue and does not pass it on", async () => {
  const answer = await send(`${head("POST", "/x", "Expect: 100-continue", "Content-Length: 3")}abc`);
  expect(answer.status).toBe(200);
  expect(first.received[0]).not.toMatch(/^expect:/im);
});

it("strips an origin's hop-by-hop fields and keeps every Set-Cookie", async () => {
  first.respond = (socket) =>
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\n" +
        "Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok",
    );
  const answer = await send(head("GET", "/x"));
  for (const name of ["x-gone", "keep-alive", "proxy-authenticate", "upgrade"])
    expect(answer.fields.has(name)).toBe(false);
  expect(answer.fields.get("set-cookie")).toBe("a=1, b=2");
});

describe("an answer that says both a length and that it comes in chunks", () => {
  let relaying: TestGateway;
  beforeAll(async () => {
    const cache = { rules: [{ match: { paths: ["/cached"] } }] };
    relaying = await startGateway(1, { timeouts: { idleMs: 5000 }, retry: { attempts: 1 }, cache });
  });
  afterAll(() => relaying.stop());

  const CHUNKED = "5\r\nhello\r\n0\r\n\r\n";

  it.each([
    ["/relayed", CHUNKED],
    ["/cached", "hello"],
  ])("is as long as its chunks: %s", async (path, again) => {
    const { host, first: origin } = relaying.services[0]!;
    origin.respond = (socket) =>
      socket.end(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n" +
          CHUNKED,
      );
    const ask = async () => parseAnswer(await sendRaw(relaying.worker.port, headFor(host, "GET", path), 3000));
    const { status, fields, body } = await ask();
    expect([status, fields.get("content-length"), body]).toEqual([200, undefined, CHUNKED]);
    expect((await ask()).body).toBe(again);
  });
});
