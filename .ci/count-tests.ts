// `node .ci/count-tests.ts <vitest.json> [failed step...]`: says what failed, then `N passed, N failed`; exit 1 if anything did.
import { existsSync, readFileSync } from "node:fs";
import { countTests } from "./test-counts.ts";

const [file = "", ...failedSteps] = process.argv.slice(2);
const counts = countTests(existsSync(file) ? readFileSync(file, "utf8") : null, failedSteps);
for (const line of counts.lines) console.log(line);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
