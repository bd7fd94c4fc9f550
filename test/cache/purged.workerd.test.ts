import { describe, expect, it } from "vitest";
import type { PurgeMark } from "../../src/agreement/purge-mark.ts";
import { answering, cacheStatus, gatewayWith } from "./gateway.workerd.ts";

const TAGGED = { "Cache-Control": "max-age=60", ETag: '"a"', "Cache-Tag": "t" };
const STANDARD = { rules: [{}] };
const mark = (over: Partial<PurgeMark> = {}): PurgeMark => ({
  kind: "tag",
  value: "t",
  soft: false,
  service: null,
  epoch: 0,
  ...over,
});

describe("what was purged hard", () => {
  it("is fetched anew, without its validators", async () => {
    const step = gatewayWith(STANDARD, answering(TAGGED));
    await step.send("/x");
    step.purge(mark());
    expect(await (await step.send("/x")).text()).toBe("answer 2");
    expect(step.seen[1]!.headers.has("If-None-Match")).toBe(false);
    expect(cacheStatus(await step.send("/x"))).toContain("; hit");
  });

  it("is not served when the origin fails", async () => {
    const step = gatewayWith(STANDARD, answering(TAGGED));
    await step.send("/x");
    step.purge(mark());
    step.origin = answering({}, 503);
    expect((await step.send("/x")).status).toBe(503);
  });

  it("is gone from the data centre too, where it was too large for memory", async () => {
    const step = gatewayWith(
      { rules: [{}], memory: { maxObjectBytes: 4 } },
      (_request, count) => new Response(`large ${count}`, { headers: TAGGED }),
    );
    await step.send("/x");
    expect(await (await step.send("/x")).text()).toBe("large 1");
    step.purge(mark({ kind: "prefix", value: new URL(step.seen[0]!.url).host }), mark());
    expect(await (await step.send("/x")).text()).toBe("large 2");
  });

  it("includes what was being fetched, even what arrives later", async () => {
    const step = gatewayWith(STANDARD, (_request, count) => {
      if (count === 1) step.purge(mark());
      return new Response(`answer ${count}`, { headers: TAGGED });
    });
    await step.send("/x");
    expect(await (await step.send("/x")).text()).toBe("answer 2");
  });

  it("is not given to requests that waited for it", async () => {
    const step = gatewayWith(STANDARD, async (_request, count) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      if (count === 1) step.purge(mark());
      return new Response(`answer ${count}`, { headers: TAGGED });
    });
    const bodies = await Promise.all([1, 2, 3].map(async () => (await step.send("/x")).text()));
    expect(bodies.toSorted()).toEqual(["answer 1", "answer 2", "answer 2"]);
  });

  it("stays purged when a validation that began before confirms it", async () => {
    const step = gatewayWith(STANDARD, answering({ ...TAGGED, "Cache-Control": "max-age=0" }));
    await step.send("/x");
    step.origin = (request, count) => {
      if (!request.headers.has("If-None-Match")) return new Response(`answer ${count}`, { headers: TAGGED });
      step.purge(mark());
      return new Response(null, { status: 304, headers: TAGGED });
    };
    expect(await (await step.send("/x")).text()).toBe("answer 1");
    expect(await (await step.send("/x")).text()).toBe("answer 3");
  });
});

describe("what was purged softly", () => {
  it("is validated and kept when the origin confirms it", async () => {
    const step = gatewayWith(STANDARD, answering(TAGGED));
    await step.send("/x");
    step.purge(mark({ soft: true }));
    step.origin = () => new Response(null, { status: 304, headers: TAGGED });
    expect(await (await step.send("/x")).text()).toBe("answer 1");
    expect(step.seen[1]!.headers.get("If-None-Match")).toBe('"a"');
    expect(cacheStatus(await step.send("/x"))).toContain("; hit");
  });

  it("is served while it is refreshed, and when the origin fails", async () => {
    const step = gatewayWith({ rules: [{ staleWhileRevalidateSeconds: 60 }] }, answering(TAGGED));
    await step.send("/x");
    step.purge(mark({ soft: true }));
    expect(await (await step.send("/x")).text()).toBe("answer 1");
    expect(await (await step.send("/x")).text()).toBe("answer 2");
    const strict = gatewayWith(STANDARD, answering(TAGGED));
    await strict.send("/x");
    strict.purge(mark({ soft: true }));
    strict.origin = answering({}, 503);
    expect(await (await strict.send("/x")).text()).toBe("answer 1");
  });
});

describe("an isolate without a lease", () => {
  it("takes what is stored as missing, and what others wait for too", async () => {
    const step = gatewayWith({ rules: [{}], withoutLease: "miss" }, answering(TAGGED));
    step.lease(true);
    await step.send("/x");
    expect(cacheStatus(await step.send("/x"))).toContain("; hit");
    step.lease(false);
    expect(await (await step.send("/x")).text()).toBe("answer 2");
    const bodies = await Promise.all([1, 2, 3].map(async () => (await step.send("/x")).text()));
    expect(new Set(bodies).size).toBe(3);
    step.lease(true);
    expect(cacheStatus(await step.send("/x"))).toContain("; hit");
  });
});

describe("PURGE", () => {
  it("goes to the control plane with its token where the service takes it", async () => {
    const asked: unknown[] = [];
    const step = gatewayWith({ rules: [{}], purgeMethod: true }, answering(TAGGED), async (request) => {
      asked.push([new URL(request.url).pathname, request.headers.get("Authorization"), await request.json()]);
      return Response.json({ complete: true });
    });
    const headers = { Authorization: "Bearer t", "Fastly-Soft-Purge": "1" };
    const response = await step.send("/x", { method: "PURGE", headers });
    expect(await response.json()).toEqual({ complete: true });
    expect(asked).toEqual([["/api/v1/cache/purge", "Bearer t", { urls: [expect.stringMatching(/\/x$/)], soft: true }]]);
    expect(step.seen).toHaveLength(0);
  });

  it("goes to the origin where it does not", async () => {
    const step = gatewayWith(STANDARD, answering(TAGGED), () => Response.json({}));
    await step.send("/x", { method: "PURGE" });
    expect(step.seen[0]!.method).toBe("PURGE");
  });
});
