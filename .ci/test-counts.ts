/** Counts what a run of `.ci/run` has to answer for: vitest's tests, files that could not be loaded, and failed steps. */

/** The part of vitest's JSON report that is read. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** What failed and what was skipped, by name. */
  readonly lines: readonly string[];
}

const TEST_STEP = "npm test";

/**
 * Adds up a run.
 *
 * @param report      vitest's JSON report, or null where it wrote none
 * @param failedSteps names of the steps that failed; each counts as one failure, except a test step whose failures the report has
 */
export function countTests(report: string | null, failedSteps: readonly string[]): Counts {
  const files = report === null ? [] : (JSON.parse(report) as VitestReport).testResults;
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const passed = tests.filter((test) => test.status === "passed").length;
  const skipped = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
  const failures = [
    ...tests.filter((test) => test.status === "failed").map((test) => `failed test: ${test.fullName} (${test.file})`),
    ...files
      .filter((file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"))
      .map((file) => `failed file: ${file.name} ${file.message ?? ""}`.trimEnd()),
  ];
  const untold = failedSteps.filter((step) => step !== TEST_STEP || failures.length === 0);
  const nothingRan = tests.length === 0 && failures.length === 0 && untold.length === 0 ? ["failed: no test ran"] : [];
  const failed = [...failures, ...untold.map((step) => `failed step: ${step}`), ...nothingRan];
  const lines = [...skipped.map((test) => `skipped test: ${test.fullName} (${test.file})`), ...failed];
  return { passed, failed: failed.length, lines };
}
