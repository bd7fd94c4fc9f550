import { describe, expect, it } from "vitest";
import type { LoadRecord } from "../../demo/load.ts";
import { hasPassed } from "../../demo/scenario.ts";
import { clientsOf, fullShareSinceMs, outageReport, type OutageMarks } from "../../demo/scenarios/outage-report.ts";

const MARKS: OutageMarks = {
  killAskedMs: 1000,
  killedMs: 1010,
  restoreAskedMs: 2000,
  restoredMs: 2010,
  recoveredMs: 2400,
};

/** One request each 100 ms from New York and Tokyo, served as `newYork` says. */
function story(newYork: (sentAtMs: number) => Partial<LoadRecord>): LoadRecord[] {
  return Array.from({ length: 40 }, (_, index) => index * 100).flatMap((sentAtMs) => [
    request("New York", sentAtMs, newYork(sentAtMs)),
    request("Tokyo", sentAtMs, { originId: "apac1" }),
  ]);
}

function request(city: string, sentAtMs: number, more: Partial<LoadRecord>): LoadRecord {
  const originId = more.error === undefined ? (more.originId ?? "use1") : undefined;
  return {
    city,
    sentAtMs,
    endedAtMs: sentAtMs + 40,
    status: 200,
    attempts: originId === undefined ? "use1=connection" : `${originId}=200`,
    error: undefined,
    ...more,
    originId,
  };
}

function wellDone(sentAtMs: number): Partial<LoadRecord> {
  if (sentAtMs <= 1000 || sentAtMs >= 2400) return { originId: "use1" };
  return { originId: "usw1", attempts: sentAtMs === 1100 ? "use1=connection, usw1=200" : "usw1=200" };
}

function broken(records: readonly LoadRecord[], marks: OutageMarks = MARKS): string[] {
  return outageReport("use1", records, marks)
    .checks.filter(({ kept }) => !kept)
    .map(({ promise }) => promise);
}

describe("the report of an outage", () => {
  it("passes a failover and a recovery that no client noticed, and measures both", () => {
    const report = outageReport("use1", story(wellDone), MARKS);
    expect(report.checks.filter(({ kept }) => !kept)).toEqual([]);
    expect(hasPassed(report)).toBe(true);
    expect(report.figures).toMatchObject({
      requests: 80,
      clientErrors: 0,
      failOverMs: 130,
      firstRequestAfterKillMs: 40,
      failedOverInSameRequest: 1,
      recoverMs: 430,
      fullShareMs: 390,
      before_use1: 0.5,
      during_use1: 0,
      during_usw1: 0.5,
      after_use1: 0.5,
    });
    expect(report.table).toContainEqual(["us-east (use1)", "50 %", "0 %", "50 %"]);
  });

  it("counts from when the origin had its clients", () => {
    const records = story((sentAtMs) => (sentAtMs < 300 ? { originId: "usw1" } : wellDone(sentAtMs - 300)));
    const later = { killAskedMs: 1300, killedMs: 1310, restoreAskedMs: 2300, restoredMs: 2310, recoveredMs: 2700 };
    expect(outageReport("use1", records, later).figures).toMatchObject({ before_use1: 0.5, before_usw1: 0 });
  });

  it("counts a failover within a request that was on its way when the origin died", () => {
    const records = story((sentAtMs) => {
      if (sentAtMs === 1000) return { originId: "usw1", attempts: "use1=connection, usw1=200" };
      return sentAtMs === 1100 ? { originId: "usw1", attempts: "usw1=200" } : wellDone(sentAtMs);
    });
    expect(outageReport("use1", records, MARKS).figures["failedOverInSameRequest"]).toBe(1);
    const never = story((sentAtMs) =>
      sentAtMs === 1100 ? { originId: "usw1", attempts: "usw1=200" } : wellDone(sentAtMs),
    );
    expect(outageReport("use1", never, MARKS).figures["failedOverInSameRequest"]).toBe(0);
  });

  it("fails on a single error, whenever it came, and shows it", () => {
    for (const at of [300, 1100, 1500, 2100, 3900]) {
      const records = story((sentAtMs) => (sentAtMs === at ? { error: "socket hang up" } : wellDone(sentAtMs)));
      expect(broken(records)).toContain("no client sees an error");
      expect(outageReport("use1", records, MARKS).errors).toEqual([
        `New York, ${(at / 1000).toFixed(2)} s: socket hang up (use1=connection)`,
      ]);
    }
  });

  it("fails when nothing happened: the origin went on serving", () => {
    expect(broken(story(() => ({ originId: "use1" })))).toEqual([
      "the first request after the kill is answered by another region",
      "others serve its clients while use1 is down",
    ]);
  });

  it("fails when the origin never had traffic to lose", () => {
    expect(broken(story(() => ({ originId: "usw1" })))).toEqual([
      "use1 serves its own clients before",
      "the first request after the kill is answered by another region",
      "others serve its clients while use1 is down",
      "use1 gets its clients back",
    ]);
  });

  it("fails when the traffic never came back", () => {
    const records = story((sentAtMs) => ({ originId: sentAtMs <= 1000 ? "use1" : "usw1" }));
    expect(broken(records, { ...MARKS, recoveredMs: undefined })).toEqual(["use1 gets its clients back"]);
  });

  it("fails without any request", () => {
    expect(hasPassed(outageReport("use1", [], MARKS))).toBe(false);
  });
});

describe("an origin's clients", () => {
  it("are those whose last ten requests before it served all", () => {
    const records = story((sentAtMs) => ({ originId: sentAtMs === 200 ? "usw1" : "use1" }));
    expect(clientsOf("use1", records, 1300)).toEqual(["New York"]);
    expect(clientsOf("use1", records, 1200)).toEqual([]);
    expect(clientsOf("apac1", records, 1000)).toEqual(["Tokyo"]);
    expect(clientsOf("euw1", records, 1000)).toEqual([]);
  });
});

describe("the full share", () => {
  it("starts with the first of ten requests in a row", () => {
    const records = story((sentAtMs) => ({ originId: sentAtMs === 2500 || sentAtMs < 2200 ? "usw1" : "use1" }));
    expect(fullShareSinceMs("use1", ["New York"], records, 2010)).toBe(2640);
    expect(fullShareSinceMs("use1", ["New York", "Tokyo"], records, 2010)).toBeUndefined();
    expect(fullShareSinceMs("use1", ["New York"], records.slice(0, 60), 2010)).toBeUndefined();
  });
});
