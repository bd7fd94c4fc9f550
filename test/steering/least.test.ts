/** What sets the three `least-...` policies apart: what they compare. */
import { expect, it } from "vitest";
import { leastConnections } from "../../src/steering/least-connections.ts";
import { leastOutstanding } from "../../src/steering/least-outstanding.ts";
import { leastResponseTime } from "../../src/steering/least-response-time.ts";
import type { Policy } from "../../src/steering/policy.ts";
import { all, options, origin, requestFrom, shares, tally } from "./support.ts";
import { seeded } from "../support/seeded.ts";

const request = requestFrom("enam");
const choose = (policy: Policy, members: ReturnType<typeof origin>[]) =>
  policy.prepare(members, options(policy.name, { choices: "all" }), seeded(1)).pick(all(members.length), request);

it("least-outstanding: attempts in flight, relative to weight", () => {
  expect(
    choose(leastOutstanding, [origin("a", { inFlight: 5, weight: 1 }), origin("b", { inFlight: 6, weight: 2 })]),
  ).toBe(1);
});

it("least-outstanding: idle members share by weight", () => {
  const picker = leastOutstanding.prepare(
    [origin("a", { weight: 3 }), origin("b", { weight: 1 })],
    options("least-outstanding"),
    seeded(5),
  );
  expect(Math.abs(shares(tally(20_000, 2, () => picker.pick(all(2), request)))[0]! - 0.75)).toBeLessThan(0.01);
});

it("least-outstanding: does not see open streams; least-connections does", () => {
  const members = [origin("a", { inFlight: 1, openStreams: 50 }), origin("b", { inFlight: 2 })];
  expect(choose(leastOutstanding, members)).toBe(0);
  expect(choose(leastConnections, members)).toBe(1);
});

it("least-response-time: latency times what is waiting there and one", () => {
  const near = origin("near", { latencyMs: 20, inFlight: 4 });
  expect(choose(leastResponseTime, [near, origin("far", { latencyMs: 90 })])).toBe(1);
  expect(choose(leastResponseTime, [near, origin("farther", { latencyMs: 110 })])).toBe(0);
});

it("least-response-time: two choices never take the worst of many", () => {
  const members = [300, 20, 25, 30].map((latencyMs, index) => origin(`o${index}`, { latencyMs }));
  const picker = leastResponseTime.prepare(members, options("least-response-time"), seeded(6));
  expect(tally(10_000, 4, () => picker.pick(all(4), request))[0]).toBe(0);
});

it("a member of weight 0 waits until nothing else is left", () => {
  for (const policy of [leastOutstanding, leastConnections, leastResponseTime]) {
    const members = [origin("idle", { weight: 0 }), origin("busy", { inFlight: 99, latencyMs: 500 })];
    expect(choose(policy, members)).toBe(1);
  }
});
