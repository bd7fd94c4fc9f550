/** Something to measure, done once by a function that does not wait. */
import type { Side } from "./harness.ts";

/** What `once` returns is kept, so that no compiler finds the work useless. */
export function side(name: string, once: () => unknown): Side {
  let kept: unknown;
  return {
    name,
    run(count) {
      for (let index = 0; index < count; index++) kept = once();
      if (kept === side) throw new Error("never");
    },
  };
}
