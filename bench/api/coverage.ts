/** Endpoints that have their three end-to-end tests on real workerd, counted from the OpenAPI document against the tests. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { documentOf } from "../../src/api/document.ts";
import { operationsOf } from "../../src/api/operations.ts";
import { sampleApp } from "../../test/api/support.ts";
import type { Reporter } from "../figure.ts";

const KINDS = ["happy", "error", "security"] as const;
const ROOT = new URL("../../", import.meta.url).pathname;

/** Collects the tests without running them; that they pass is what `npm test` says. */
export async function measureCoverage(report: Reporter): Promise<void> {
  const operations = operationsOf(documentOf(await sampleApp()));
  const names = await testNames();
  const missing = operations.flatMap(({ method, path }) => {
    const operation = `${method.toUpperCase()} ${path}`;
    const lacks = KINDS.filter((kind) => !names.some((name) => name.startsWith(`${operation} > ${kind}`)));
    return lacks.length === 0 ? [] : [`${operation}: ${lacks.join(", ")}`];
  });
  for (const each of missing) report.note(`without an end-to-end test: ${each}`);
  report.figure({
    figure: `endpoints with end-to-end tests on real workerd (${KINDS.join(", ")})`,
    value: operations.length - missing.length,
    unit: `of ${operations.length}`,
    target: { equals: operations.length },
  });
}

/** `describe > test` of every end-to-end test of the API. */
async function testNames(): Promise<string[]> {
  const args = ["vitest", "list", "--root", ".", "--config", "test/vitest.config.ts", "--project", "end-to-end"];
  const { stdout } = await promisify(execFile)("npx", [...args, "test/end-to-end/api", "--no-static-parse", "--json"], {
    cwd: ROOT,
    maxBuffer: 64 * 1_048_576,
  });
  const from = stdout.indexOf("[");
  const listed = JSON.parse(stdout.slice(from)) as { readonly name: string }[];
  return listed.map(({ name }) => name);
}
