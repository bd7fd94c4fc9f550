/** Topic `sizes`: what is deterministic of the budgets, so that CI can hold it: bytes of the view and of a change. */
import { serialize } from "node:v8";
import { change, deltaSince } from "../../src/agreement/section.ts";
import { hubOf, PURGE, reading } from "../growth/scene.ts";
import type { Reporter } from "../figure.ts";

const ORIGINS = 1_000;

/** Bytes as structured cloning writes them: what a call between objects carries. */
export function run(report: Reporter): Promise<void> {
  const hub = hubOf(ORIGINS, 0);
  report.figure({
    figure: `view with ${ORIGINS} origins, as a hub sends it`,
    value: serialize({ origins: deltaSince(hub.origins, 0) }).byteLength / 1_000,
    unit: "KB",
    target: { atMost: 1_000 },
  });
  const section = hub.origins;
  change(section, [{ key: "origin-7", value: { ...reading(7), breaker: "open" } }]);
  report.figure({
    figure: "delta for one origin's change",
    value: serialize({ origins: deltaSince(section, section.version - 1) }).byteLength,
    unit: "bytes",
    target: { atMost: 1_000 },
  });
  const { purges } = hub.logged;
  change(purges, [{ key: "a purge", value: PURGE }]);
  report.figure({
    figure: "delta for one purge",
    value: serialize({ purges: deltaSince(purges, purges.version - 1) }).byteLength,
    unit: "bytes",
    target: { atMost: 1_000 },
  });
  return Promise.resolve();
}
