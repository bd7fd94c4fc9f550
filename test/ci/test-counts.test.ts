import { describe, expect, it } from "vitest";
import { countTests } from "../../.ci/test-counts.ts";

const file = (name: string, statuses: string[], status = statuses.includes("failed") ? "failed" : "passed") => ({
  name,
  status,
  message: "",
  assertionResults: statuses.map((status, i) => ({ status, fullName: `${name} ${i}` })),
});
const report = (...testResults: object[]) => JSON.stringify({ testResults });

describe("the closing line of .ci/run", () => {
  it("is the tests' own counts when all is well", () => {
    const counts = countTests(report(file("a", ["passed", "passed"]), file("b", ["passed", "skipped"])), []);
    expect(counts).toEqual({ passed: 3, failed: 0, lines: ["skipped test: b 1 (b)"] });
  });

  it("counts failed tests once, though their step failed too", () => {
    const counts = countTests(report(file("a", ["passed", "failed", "failed"])), ["npm test"]);
    expect(counts).toMatchObject({ passed: 1, failed: 2 });
  });

  it("counts a file that could not be loaded, which has no tests", () => {
    expect(countTests(report(file("a", ["passed"]), file("b", [], "failed")), ["npm test"])).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it("counts a failed check beside passing tests", () => {
    expect(countTests(report(file("a", ["passed"])), ["npm run check"])).toMatchObject({
      passed: 1,
      failed: 1,
      lines: ["failed step: npm run check"],
    });
  });

  it("counts a test step that failed with every test passed, as after an unhandled error", () => {
    expect(countTests(report(file("a", ["passed"])), ["npm test"])).toMatchObject({ passed: 1, failed: 1 });
  });

  it("does not call a run without a report or without tests a success", () => {
    expect(countTests(null, ["npm test"])).toMatchObject({ passed: 0, failed: 1 });
    expect(countTests(report(), [])).toMatchObject({ passed: 0, failed: 1 });
  });
});
