import { describe, expect, it } from "vitest";
import { answering, cacheStatus, gatewayWith } from "./gateway.workerd.ts";

const STANDARD = { rules: [{}] };
const control = (value: string, more: Record<string, string> = {}) => ({ "Cache-Control": value, ...more });

describe("a request through the cache", () => {
  it("is answered from memory, with its age and what the cache did", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60")));
    const miss = await step.send("/x");
    expect(cacheStatus(miss)).toMatch(/^Fairlead; fwd=uri-miss; ttl=\d+; stored; key="[^"]+\/x"$/);
    const hit = await step.send("/x");
    expect(await hit.text()).toBe("answer 1");
    expect(cacheStatus(hit)).toMatch(/^Fairlead; hit; ttl=\d+; key="/);
    expect(hit.headers.get("Age")).toBe("0");
    expect(hit.headers.get("Date")).not.toBeNull();
    expect(hit.headers.get("X-Request-Id")).not.toBe(miss.headers.get("X-Request-Id"));
    expect(step.seen).toHaveLength(1);
  });

  it("costs nothing where no rule matches", async () => {
    const step = gatewayWith({ rules: [{ match: { paths: ["/static/*"] } }] }, answering(control("max-age=60")));
    const response = await step.send("/x");
    await step.send("/x");
    expect(step.seen).toHaveLength(2);
    expect(response.headers.has("Cache-Status")).toBe(false);
  });

  it("keeps methods, ranges and conditions apart from what is stored", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60", { ETag: '"a"' })));
    await step.send("/x");
    expect((await step.send("/x", { method: "HEAD" })).status).toBe(200);
    const part = await step.send("/x", { headers: { Range: "bytes=0-2" } });
    expect([part.status, await part.text(), part.headers.get("Content-Range")]).toEqual([206, "ans", "bytes 0-2/8"]);
    expect((await step.send("/x", { headers: { Range: "bytes=9-" } })).status).toBe(416);
    expect((await step.send("/x", { headers: { "If-None-Match": '"a"' } })).status).toBe(304);
    expect((await step.send("/x", { method: "HEAD", headers: { "If-None-Match": '"a"' } })).status).toBe(304);
    expect((await step.send("/x", { method: "HEAD", headers: { "If-None-Match": '"b"' } })).status).toBe(200);
    expect(step.seen).toHaveLength(1);
  });

  it("says 504 to who wants a stored answer only", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60")));
    expect((await step.send("/x", { headers: { "Cache-Control": "only-if-cached" } })).status).toBe(504);
    expect(step.seen).toHaveLength(0);
  });

  it("gives nobody else's cookies and nothing for one client alone", async () => {
    const step = gatewayWith(STANDARD, (request, count) =>
      new URL(request.url).pathname === "/open"
        ? new Response(`${count}`, { headers: control("public, max-age=60", { "Set-Cookie": `sid=${count}` }) })
        : new Response(`${count}`, { headers: control("max-age=60", { "Set-Cookie": `sid=${count}` }) }),
    );
    expect((await step.send("/open")).headers.get("Set-Cookie")).toBe("sid=1");
    const shared = await step.send("/open");
    expect([await shared.text(), shared.headers.get("Set-Cookie")]).toEqual(["1", null]);
    await step.send("/own");
    const own = await step.send("/own");
    expect([await own.text(), own.headers.get("Set-Cookie")]).toEqual(["3", "sid=3"]);
    expect(cacheStatus(own)).toBe("Fairlead; fwd=uri-miss; detail=set-cookie");
  });

  it("drops what a write changed before the write's answer goes out", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=60")));
    await step.send("/x");
    await step.send("/x", { method: "POST", body: "b" });
    expect(await (await step.send("/x")).text()).toBe("answer 3");
  });

  it("tells clients the rule's own lifetime", async () => {
    const step = gatewayWith({ rules: [{ browserTtlSeconds: 5 }] }, answering(control("public, max-age=60")));
    await step.send("/x");
    const hit = await step.send("/x");
    expect(hit.headers.get("Cache-Control")).toBe("public, max-age=5");
  });

  it("keeps its tags and its own directives to itself", async () => {
    const step = gatewayWith(STANDARD, answering({ "Fairlead-Cache-Control": "max-age=60", "Surrogate-Key": "a b" }));
    const responses = [await step.send("/x"), await step.send("/x")];
    for (const response of responses) {
      expect(response.headers.has("Surrogate-Key")).toBe(false);
      expect(response.headers.has("Fairlead-Cache-Control")).toBe(false);
    }
    expect(step.seen).toHaveLength(1);
  });
});

describe("what is stale", () => {
  const stale = { rules: [{ staleWhileRevalidateSeconds: 60 }] };

  it("is validated, and keeps its bytes when the origin confirms it", async () => {
    const step = gatewayWith(STANDARD, (request) =>
      request.headers.get("If-None-Match") === '"a"'
        ? new Response(null, { status: 304, headers: control("max-age=60", { ETag: '"a"', "X-New": "1" }) })
        : new Response("body", { headers: control("max-age=0", { ETag: '"a"' }) }),
    );
    await step.send("/x");
    const validated = await step.send("/x");
    expect([validated.status, await validated.text(), validated.headers.get("X-New")]).toEqual([200, "body", "1"]);
    expect(cacheStatus(validated)).toMatch(/^Fairlead; fwd=stale; fwd-status=304; ttl=\d+; stored/);
    expect(cacheStatus(await step.send("/x"))).toContain("; hit");
    expect(step.seen).toHaveLength(2);
  });

  it("is renewed by what HEAD says of it, unless that may not be kept", async () => {
    const since = { ETag: '"a"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT" };
    const step = gatewayWith(STANDARD, answering(control("max-age=0", since)));
    await step.send("/x");
    step.origin = () => new Response(null, { headers: control("no-store", since) });
    expect((await step.send("/x", { method: "HEAD" })).headers.get("Cache-Control")).toBe("no-store");
    step.origin = () => new Response(null, { headers: control("max-age=60", { ...since, "X-New": "1" }) });
    expect((await step.send("/x", { method: "HEAD" })).headers.get("X-New")).toBe("1");
    expect(step.seen).toHaveLength(3);
    const hit = await step.send("/x");
    expect([await hit.text(), hit.headers.get("X-New")]).toEqual(["answer 1", "1"]);
    expect(step.seen).toHaveLength(3);
  });

  it("is dropped when HEAD tells of another answer", async () => {
    const step = gatewayWith(stale, answering(control("max-age=0, stale-while-revalidate=0", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = () => new Response(null, { headers: control("max-age=60", { ETag: '"b"' }) });
    expect((await step.send("/x", { method: "HEAD" })).headers.get("ETag")).toBe('"b"');
    step.origin = answering({}, 503);
    expect((await step.send("/x")).status).toBe(503);
  });

  it("is served at once and refreshed behind the client's back", async () => {
    const step = gatewayWith(stale, answering(control("max-age=0", { ETag: '"a"' })));
    await step.send("/x");
    const served = await step.send("/x");
    expect(await served.text()).toBe("answer 1");
    expect(served.headers.get("Warning")).toBe('110 - "Response is Stale"');
    expect(step.seen).toHaveLength(2);
    expect(await (await step.send("/x")).text()).toBe("answer 2");
  });

  it.each(["status", "throws", "status 999"])("is better than an error: %s", async (how) => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = () => {
      if (how === "throws") throw new Error("Network connection lost.");
      return how === "status" ? new Response("broken", { status: 503 }) : new Response(null, { status: 500 });
    };
    const served = await step.send("/x");
    expect([served.status, await served.text()]).toEqual([200, "answer 1"]);
    expect(cacheStatus(served)).toContain("fwd=stale");
    expect(cacheStatus(served)).toContain("detail=stale-if-error");
  });

  it("is no better than an error where the origin says so", async () => {
    const step = gatewayWith(STANDARD, answering(control("max-age=0, must-revalidate", { ETag: '"a"' })));
    await step.send("/x");
    step.origin = answering({}, 503);
    expect((await step.send("/x")).status).toBe(503);
  });
});

describe("requests for the same missing answer", () => {
  const slowly =
    (headers: Record<string, string>, body = "shared") =>
    async (_request: Request, count: number) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return new Response(`${body} ${count}`, { headers });
    };

  it("wait for one fetch", async () => {
    const step = gatewayWith(STANDARD, slowly(control("max-age=60")));
    const responses = await Promise.all(Array.from({ length: 20 }, () => step.send("/x")));
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual(Array(20).fill("shared 1"));
    expect(responses.filter((response) => cacheStatus(response).includes("collapsed"))).toHaveLength(19);
    expect(step.seen).toHaveLength(1);
  });

  it("are sent on side by side once the answer turns out to be for one client, and then do not wait", async () => {
    const step = gatewayWith(STANDARD, slowly(control("private")));
    const bodies = await Promise.all(Array.from({ length: 5 }, async () => (await step.send("/x")).text()));
    expect(new Set(bodies).size).toBe(5);
    let underWay = 0;
    let most = 0;
    const slow = step.origin;
    step.origin = async (request, count) => {
      most = Math.max(most, ++underWay);
      const response = await slow(request, count);
      underWay -= 1;
      return response;
    };
    await Promise.all(Array.from({ length: 5 }, () => step.send("/x")));
    expect(most).toBe(5);
  });

  it("fetch their own where the answer is larger than what is shared", async () => {
    const step = gatewayWith(
      { rules: [{}], memory: { maxObjectBytes: 10 } },
      slowly(control("max-age=60"), "more than ten bytes"),
    );
    const bodies = await Promise.all(Array.from({ length: 3 }, async () => (await step.send("/x")).text()));
    expect(new Set(bodies).size).toBe(3);
    expect(cacheStatus(await step.send("/x"))).toContain("; hit"); // the data centre has it
  });

  it("wait for one fetch a variant", async () => {
    const step = gatewayWith(STANDARD, async (request, count) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const language = request.headers.get("Accept-Language")!;
      return new Response(`${language} ${count}`, { headers: control("max-age=60", { Vary: "Accept-Language" }) });
    });
    const send = async (language: string) =>
      (await step.send("/x", { headers: { "Accept-Language": language } })).text();
    const bodies = await Promise.all(["a", "b", "a", "b", "a", "b", "a", "b"].map(send));
    expect(bodies.every((body, index) => body.startsWith("abababab"[index]!))).toBe(true);
    expect(step.seen).toHaveLength(2);
  });

  it("share a failure instead of repeating it", async () => {
    const step = gatewayWith(STANDARD, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new Error("Network connection lost.");
    });
    const responses = await Promise.all(Array.from({ length: 5 }, () => step.send("/x")));
    expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(502));
    expect(step.seen).toHaveLength(1);
  });
});

describe("bodies", () => {
  it("cut short by the origin are not stored", async () => {
    const step = gatewayWith(STANDARD, () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("half"));
        },
        pull(controller) {
          controller.error(new Error("cut"));
        },
      });
      return new Response(body, { headers: control("max-age=60") });
    });
    await expect(step.send("/x")).rejects.toThrow("cut");
    step.origin = answering(control("max-age=60"));
    expect(await (await step.send("/x")).text()).toBe("answer 2");
  });

  it("too large for memory are stored in the data centre, whole and for ranges", async () => {
    const bytes = new Uint8Array(200_000).map((_, index) => index % 251);
    const step = gatewayWith(STANDARD, () => new Response(bytes, { headers: control("max-age=60") }));
    expect(new Uint8Array(await (await step.send("/big")).arrayBuffer())).toEqual(bytes);
    const hit = await step.send("/big");
    expect(cacheStatus(hit)).toContain("; hit");
    expect(new Uint8Array(await hit.arrayBuffer())).toEqual(bytes);
    const part = await step.send("/big", { headers: { Range: "bytes=70000-70003" } });
    expect([part.status, [...new Uint8Array(await part.arrayBuffer())]]).toEqual([
      206,
      [...bytes.subarray(70_000, 70_004)],
    ]);
    expect(step.seen).toHaveLength(1);
  });

  it("larger than the rule allows are passed and not stored", async () => {
    const step = gatewayWith(
      { rules: [{ maxObjectBytes: 100_000 }] },
      () => new Response(new Uint8Array(200_000), { headers: control("max-age=60") }),
    );
    await step.send("/big");
    expect((await (await step.send("/big")).arrayBuffer()).byteLength).toBe(200_000);
    expect(step.seen).toHaveLength(2);
  });
});
