import { describe, expect, it } from "vitest";
import { planProbes, QUIET_AFTER_MS, type ProbeSubject } from "../../src/health/probe-schedule.ts";

const NOW = 10_000_000;
const always = () => 0.5;

function subject(
  origin: string,
  over: Partial<ProbeSubject> = {},
  mode: ProbeSubject["monitor"]["mode"] = "passive-first",
) {
  return { origin, monitor: { mode, intervalSeconds: 10 }, probedMs: 0, measuredMs: 0, out: false, ...over };
}

const due = (subjects: ProbeSubject[], lastSyncMs = NOW) => planProbes(subjects, lastSyncMs, NOW, always).due;

describe("passive first", () => {
  it("does not probe an origin that traffic is measuring", () => {
    expect(due([subject("busy", { measuredMs: NOW - 9_000 }), subject("idle", { measuredMs: NOW - 11_000 })])).toEqual([
      "idle",
    ]);
  });

  it("probes an origin that is out, whatever its traffic says", () => {
    expect(due([subject("out", { measuredMs: NOW, out: true })])).toEqual(["out"]);
  });

  it("probes each once an interval", () => {
    expect(due([subject("a", { probedMs: NOW - 5_000 }), subject("b", { probedMs: NOW - 10_000 })])).toEqual(["b"]);
  });

  it("stops 5 minutes after the region's last sync", () => {
    expect(planProbes([subject("a")], NOW - QUIET_AFTER_MS, NOW, always)).toEqual({ due: [], nextMs: null });
    expect(due([subject("a")], NOW - QUIET_AFTER_MS + 1)).toEqual(["a"]);
  });
});

it("an `active` monitor goes on without syncs and beside traffic", () => {
  expect(due([subject("a", { measuredMs: NOW }, "active")], 0)).toEqual(["a"]);
});

it("a `passive` monitor never probes and sets no alarm", () => {
  expect(planProbes([subject("a", { out: true }, "passive")], NOW, NOW, always)).toEqual({ due: [], nextMs: null });
});

it("looks again after the shortest interval and some jitter", () => {
  expect(planProbes([subject("a")], NOW, NOW, () => 0).nextMs).toBe(NOW + 10_000);
  expect(planProbes([subject("a")], NOW, NOW, () => 0.999).nextMs).toBeLessThanOrEqual(NOW + 12_000);
});

it("takes the longest overdue first and leaves the rest for the next round", () => {
  const subjects = Array.from({ length: 100 }, (_, i) => subject(`o${i}`, { probedMs: NOW - 10_000 - i }));
  const first = due(subjects);
  expect(first).toHaveLength(60);
  expect(first[0]).toBe("o99");
});

it("probes at once when the clock was set back behind the last probe", () => {
  expect(due([subject("a", { probedMs: NOW + 1 })])).toEqual(["a"]);
});
