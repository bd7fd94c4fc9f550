import { describe, expect, it } from "vitest";
import { parseCacheControl } from "../../src/cache/cache-control.ts";
import { policyOf } from "../../src/cache/freshness.ts";
import { judgeReuse, mayServeOnError } from "../../src/cache/reuse.ts";
import { NOW_MS, rule, stored } from "./support.ts";

const SWR = "max-age=10, stale-while-revalidate=5";

interface Case {
  control: string;
  afterSeconds: number;
  wishes?: string;
  softPurged?: boolean;
}

function judged({ control, afterSeconds, wishes = "", softPurged = false }: Case): string {
  const policy = policyOf(stored({ "cache-control": control }), rule());
  const reuse = judgeReuse(policy, parseCacheControl(wishes), softPurged, NOW_MS + afterSeconds * 1000);
  return reuse.kind === "serve" && reuse.stale ? "serve stale" : reuse.kind;
}

describe("a stored response", () => {
  it.each<[Case, string]>([
    [{ control: "max-age=10", afterSeconds: 9 }, "serve"],
    [{ control: "max-age=10", afterSeconds: 10 }, "validate"],
    [{ control: "max-age=10, no-cache", afterSeconds: 1 }, "validate"],
    [{ control: "max-age=10, stale-while-revalidate=5", afterSeconds: 14 }, "serve-and-refresh"],
    [{ control: "max-age=10, stale-while-revalidate=5", afterSeconds: 15 }, "validate"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "no-cache" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "max-age=5" }, "serve"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "max-age=4" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 0, wishes: "max-age=0" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "max-age=x" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "min-fresh=5" }, "serve"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "min-fresh=6" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 15, wishes: "max-stale" }, "serve stale"],
    [{ control: "max-age=10", afterSeconds: 15, wishes: "max-stale=5" }, "serve stale"],
    [{ control: "max-age=10", afterSeconds: 16, wishes: "max-stale=5" }, "validate"],
    [{ control: "max-age=10, must-revalidate", afterSeconds: 15, wishes: "max-stale" }, "validate"],
    [{ control: "s-maxage=10", afterSeconds: 15, wishes: "max-stale" }, "validate"],
    [{ control: "max-age=10", afterSeconds: 5, wishes: "nonsense" }, "serve"],
    [{ control: "max-age=10", afterSeconds: 1, softPurged: true }, "validate"],
    [{ control: "max-age=10", afterSeconds: 1, softPurged: true, wishes: "max-stale" }, "validate"],
    [{ control: "max-age=10, stale-while-revalidate=5", afterSeconds: 1, softPurged: true }, "serve-and-refresh"],
    [{ control: SWR, afterSeconds: 1, softPurged: true, wishes: "max-age=0" }, "validate"],
    [{ control: SWR, afterSeconds: 1, softPurged: true, wishes: "max-age=60" }, "validate"],
    [{ control: SWR, afterSeconds: 1, softPurged: true, wishes: "min-fresh=5" }, "validate"],
    [{ control: SWR, afterSeconds: 12, wishes: "max-age=60" }, "validate"],
    [{ control: SWR, afterSeconds: 12, wishes: "max-age=60, max-stale=5" }, "serve stale"],
    [{ control: SWR, afterSeconds: 12, wishes: "foo" }, "serve-and-refresh"],
  ])("%o: %s", (given, expected) => expect(judged(given)).toBe(expected));
});

describe("when origins fail", () => {
  const may = (control: string, afterSeconds: number, hardPurged = false) =>
    mayServeOnError(policyOf(stored({ "cache-control": control }), rule()), hardPurged, NOW_MS + afterSeconds * 1000);

  it("serves what went stale within its window", () => {
    expect(may("max-age=10", 3600)).toBe(true);
    expect(may("max-age=10", 90_000)).toBe(false);
    expect(may("max-age=10, stale-if-error=5", 14)).toBe(true);
    expect(may("max-age=10, stale-if-error=5", 16)).toBe(false);
  });

  it("never serves what was purged hard or must be validated", () => {
    expect(may("max-age=10", 5, true)).toBe(false);
    expect(may("max-age=10, must-revalidate", 15)).toBe(false);
    expect(may("max-age=10, no-cache", 5)).toBe(false);
  });
});
