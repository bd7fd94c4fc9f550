/** What clients and origins see of the cache beside a plain hit or miss. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { answering, cacheStatus, gatewayWith } from "./gateway.workerd.ts";

const STANDARD = { rules: [{}] };
const control = (value: string, more: Record<string, string> = {}) => ({ "Cache-Control": value, ...more });
const after = (ms: number) => {
  const nowMs = Date.now() + ms;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
};

afterEach(() => vi.restoreAllMocks());

describe("an answer from the store", () => {
  it("has the age it came with and what it spent here, to the second", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60", { Age: "10" })));
    expect((await step.send("/x")).headers.get("Age")).toBe("10");
    expect((await step.send("/x")).headers.get("Age")).toBe("10");
    after(3000);
    const older = await step.send("/x");
    expect(older.headers.get("Age")).toBe("13");
    expect(cacheStatus(older)).toMatch(/; hit; ttl=4[67];/);
    after(60_000);
    expect(await (await step.send("/x")).text()).toBe("answer 2");
  });

  it("has no age when it has just come", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60", { Age: "0" })));
    expect((await step.send("/x")).headers.has("Age")).toBe(false);
  });

  it("has the rule's lifetime in the place of the origin's, whichever field that was in", async () => {
    const expires = new Date(Date.now() + 3_600_000).toUTCString();
    const step = gatewayWith({ rules: [{ browserTtlSeconds: 5 }] }, answering({ Expires: expires }));
    for (const answer of [await step.send("/x"), await step.send("/x")])
      expect([answer.headers.get("Cache-Control"), answer.headers.has("Expires")]).toEqual(["max-age=5", false]);
    expect(step.seen).toHaveLength(1);
  });

  it("does not claim the length of the whole for what is not the whole", async () => {
    const fields = control("max-age=60", { ETag: '"a"', "Content-Length": "8" });
    const step = gatewayWith(STANDARD, answering(fields));
    await step.send("/x");
    const length = async (init: RequestInit) => (await step.send("/x", init)).headers.get("Content-Length");
    expect(await length({ headers: { "If-None-Match": '"a"' } })).toBeNull();
    expect(await length({ headers: { Range: "bytes=8-" } })).toBeNull();
    expect(await length({ headers: { Range: "bytes=2-3" } })).toBe("2");
    expect(await length({ method: "HEAD" })).toBe("8");
  });

  it("meets conditions and ranges only where it is what was asked for", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60", { ETag: '"a"' }), 404));
    await step.send("/x");
    expect((await step.send("/x", { headers: { "If-None-Match": '"a"' } })).status).toBe(404);
    const ranged = await step.send("/x", { headers: { Range: "bytes=0-1" } });
    expect([ranged.status, await ranged.text()]).toEqual([404, "answer 1"]);
    expect(step.seen).toHaveLength(1);
  });
});

describe("what clients wish", () => {
  it("is not heard where the rule forces", async () => {
    const step = gatewayWith({ rules: [{ mode: "force", ttlSeconds: 60 }] }, answering(control("no-store")));
    await step.send("/x", { headers: { "Cache-Control": "no-store" } });
    await step.send("/x", { headers: { "Cache-Control": "no-cache" } });
    expect(step.seen).toHaveLength(1);
  });

  it("is not stored: no-store, which leaves what others have", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60")));
    await step.send("/x");
    const own = await step.send("/x", { headers: { "Cache-Control": "no-store" } });
    expect([await own.text(), cacheStatus(own)]).toEqual([
      "answer 2",
      "Fairlead; fwd=request; detail=request-no-store",
    ]);
    expect(await (await step.send("/x")).text()).toBe("answer 1");
  });

  it("is each one's own: who insists on the origin's word shares nobody else's", async () => {
    let underWay = 0;
    let most = 0;
    const step = gatewayWith(STANDARD, async (_request, count) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 30));
      underWay -= 1;
      return new Response(`${count}`, { headers: control("max-age=60") });
    });
    await Promise.all([1, 2, 3].map(() => step.send("/x", { headers: { "Cache-Control": "no-cache" } })));
    expect([step.seen.length, most]).toEqual([3, 3]);
  });

  it("is forwarded without a word where credentials are never the cache's business", async () => {
    const step = gatewayWith({ rules: [{ authenticated: "never" }] }, answering(control("public, max-age=60")));
    await step.send("/x");
    const own = await step.send("/x", { headers: { Authorization: "Bearer a" } });
    expect([await own.text(), own.headers.has("Cache-Status")]).toEqual(["answer 2", false]);
  });
});

describe("a validation", () => {
  const confirming = (fields: [string, string][]) => () => new Response(null, { status: 304, headers: fields });

  it("is the cache's own: the client's conditions and range stay behind, and are met by what comes", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = answering(control("max-age=0", { ETag: '"b"' }));
    const conditions = { "If-None-Match": '"b"', "If-Match": '"c"', Range: "bytes=0-1", "If-Range": '"d"' };
    const known = await step.send("/x", { headers: conditions });
    expect(known.status).toBe(304);
    const asked = step.seen[1]!.headers;
    expect(["If-None-Match", "If-Match", "Range", "If-Range"].map((name) => asked.get(name))).toEqual([
      '"a"',
      null,
      null,
      null,
    ]);
  });

  it("gives cookies to its client alone", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = confirming([
      ["Cache-Control", "max-age=60"],
      ["ETag", '"a"'],
      ["Set-Cookie", "s=1"],
      ["Set-Cookie", "t=2"],
    ]);
    expect((await step.send("/x")).headers.getSetCookie()).toEqual(["s=1", "t=2"]);
    const hit = await step.send("/x");
    expect([cacheStatus(hit).includes("; hit"), hit.headers.has("Set-Cookie")]).toEqual([true, false]);
  });

  it.each([
    ["keeps the tags it had where it tells none", [], "old", true],
    ["has the tags it tells", [["Cache-Tag", "new"]], "new", true],
    ["has no others then", [["Cache-Tag", "new"]], "old", false],
  ] as const)("%s", async (_what, tags, purged, isPurged) => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0", { ETag: '"a"', "Cache-Tag": "old" })));
    await step.send("/x");
    step.origin = confirming([
      ["Cache-Control", "max-age=60"],
      ["ETag", '"a"'],
      ...tags.map(([a, b]): [string, string] => [a, b]),
    ]);
    expect((await step.send("/x")).headers.has("Cache-Tag")).toBe(false);
    step.purge({ kind: "tag", service: null, value: purged, soft: false });
    step.origin = answering(control("max-age=60"));
    expect(await (await step.send("/x")).text()).toBe(isPurged ? "answer 3" : "answer 1");
  });

  it("that confirms what is not here is followed by a request for the whole", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = (request, count) =>
      request.headers.has("If-None-Match")
        ? new Response(null, { status: 304, headers: { ETag: '"b"' } })
        : new Response(`answer ${count}`);
    const answer = await step.send("/x", { headers: { "If-None-Match": '"z"' } });
    expect([answer.status, await answer.text()]).toEqual([200, "answer 3"]);
  });

  it("names no variant that was purged", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60", { ETag: '"a"', Vary: "X-V" })));
    await step.send("/x", { headers: { "X-V": "1" } });
    await step.send("/x", { headers: { "X-V": "2" } });
    expect(step.seen[1]!.headers.get("If-None-Match")).toBe('"a"');
    step.purge({ kind: "everything", service: null, value: "", soft: false });
    await step.send("/x", { headers: { "X-V": "3" } });
    expect(step.seen[2]!.headers.has("If-None-Match")).toBe(false);
  });
});

describe("what is not shared or kept", () => {
  it("is a part of unknown length", async () => {
    const fields = control("max-age=60", { "Content-Range": "bytes 0-3/9" });
    const step = gatewayWith(
      STANDARD,
      () => new Response(new Blob(["part"]).stream(), { status: 206, headers: fields }),
    );
    const part = await step.send("/x", { headers: { Range: "bytes=0-3" } });
    expect([part.status, await part.text(), cacheStatus(part)]).toEqual([
      206,
      "part",
      "Fairlead; fwd=uri-miss; detail=partial",
    ]);
  });

  it("is more than the rule stores, told beforehand or not", async () => {
    const step = gatewayWith({ rules: [{ maxObjectBytes: 4 }] }, (request) => {
      const body = new Blob([new URL(request.url).pathname]);
      return new Response(body.stream(), { headers: control("max-age=60") });
    });
    for (const path of ["/long", "/long", "/abc", "/abc"]) expect(await (await step.send(path)).text()).toBe(path);
    expect(step.seen.map(({ url }) => new URL(url).pathname)).toEqual(["/long", "/long", "/abc"]);
  });

  it("is an error, which is no reason not to wait for the next answer", async () => {
    const step = gatewayWith(STANDARD, answering({}, 500));
    await step.send("/x");
    step.origin = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return new Response("well", { headers: control("max-age=60") });
    };
    await Promise.all([1, 2, 3].map(() => step.send("/x")));
    expect(step.seen).toHaveLength(2);
  });
});

it("a write drops what it names under whatever rule that is stored", async () => {
  const rules = [{ match: { paths: ["/a*"] } }, { match: { paths: ["/b*"] } }];
  const step = gatewayWith({ rules }, answering(control("max-age=60", { Location: "/b" })));
  await step.send("/b");
  await step.send("/a", { method: "POST", body: "x" });
  expect(await (await step.send("/b")).text()).toBe("answer 3");
});
