import { describe, expect, it } from "vitest";
import { answering, cacheStatus, gatewayWith } from "./gateway.workerd.ts";

const FRESH = { "Cache-Control": "max-age=60", ETag: '"a"' };
const STALE = { "Cache-Control": "max-age=0", ETag: '"a"' };

describe("what the cache did", () => {
  it("is counted for the service, hits as requests too", async () => {
    const step = gatewayWith({ rules: [{}] }, answering(FRESH));
    await step.send("/x");
    await step.send("/x");
    await step.send("/x", { headers: { "If-None-Match": '"a"' } });
    expect(step.counted()).toMatchObject({
      requests: 3,
      attempts: 1,
      counters: { "cache.miss": 1, "cache.hit": 2 },
    });
  });

  it("tells apart what was confirmed, waited for, served past its time and served for want of better", async () => {
    const step = gatewayWith({ rules: [{}] }, async (_request, count) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return new Response(`answer ${count}`, { headers: FRESH });
    });
    await Promise.all([step.send("/x"), step.send("/x"), step.send("/x")]);
    expect(step.counted().counters).toEqual({ "cache.miss": 1, "cache.collapsed": 2 });

    step.origin = answering(STALE);
    await step.send("/y");
    step.origin = () => new Response(null, { status: 304, headers: STALE });
    await step.send("/y");
    expect(step.counted().counters).toEqual({ "cache.miss": 1, "cache.validated": 1 });

    step.origin = answering({}, 503);
    expect(cacheStatus(await step.send("/y"))).toContain("stale-if-error");
    expect(step.counted().counters).toEqual({ "cache.stale-if-error": 1 });

    step.origin = answering(FRESH);
    await step.send("/y", { headers: { "Cache-Control": "max-stale" } });
    expect(step.counted().counters).toEqual({ "cache.stale": 1 });
  });

  it("is not counted where no rule is for the request, or one leaves the cache out", async () => {
    const step = gatewayWith({ rules: [{ match: { paths: ["/x"] }, mode: "bypass" }] }, answering(FRESH));
    await step.send("/x");
    await step.send("/y");
    expect(step.counted()).toMatchObject({ requests: 2, counters: {} });
  });
});

describe("an answer from the store", () => {
  it("says how it came about where answers do, without leaving that to the next one", async () => {
    const step = gatewayWith({ rules: [{}] }, answering(FRESH), null, { debugHeaders: true });
    await step.send("/x");
    for (const hit of [await step.send("/x"), await step.send("/x")]) {
      expect(cacheStatus(hit)).toContain("; hit");
      expect(hit.headers.get("Fairlead-Decision")).toContain("policy=");
      expect(hit.headers.get("Server-Timing")).toMatch(/^steer;dur=\d+$/);
    }
  });

  it("tells of the origin it was confirmed by, and of nothing where none was asked", async () => {
    const step = gatewayWith({ rules: [{}] }, answering(STALE));
    await step.send("/x");
    step.origin = () => new Response(null, { status: 304, headers: STALE });
    expect((await step.send("/x")).headers.get("Server-Timing")).toContain("attempt1;dur=");
    step.origin = answering(FRESH);
    await step.send("/z");
    expect((await step.send("/z")).headers.get("Server-Timing")).toBeNull();
  });
});
