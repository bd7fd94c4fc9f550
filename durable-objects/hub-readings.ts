/** The `origins` section of a hub's view: which readings are told at once, and which ride along with the next answer. */
import { change, type SectionState } from "../src/agreement/section.ts";
import { differs } from "../src/agreement/region-traffic.ts";
import type { OriginId, OriginReading } from "../src/agreement/protocol.ts";

/** Numbers are told at most this often. */
const PUBLISH_EVERY_MS = 1_000;

export class HubReadings {
  /** The section's version at the last change that must not wait for the end of a hold. */
  urgentVersion = 0;
  readonly #section: SectionState<OriginReading>;
  #publishedMs = -Infinity;

  constructor(section: SectionState<OriginReading>) {
    this.#section = section;
  }

  /** A verdict changed: every isolate is to know it now. */
  tell(origin: OriginId, reading: OriginReading): void {
    change(this.#section, [{ key: origin, value: reading }]);
    this.urgentVersion = this.#section.version;
  }

  /** Whether it is time to `publish` again. */
  isDue(nowMs: number): boolean {
    return nowMs < this.#publishedMs || nowMs - this.#publishedMs >= PUBLISH_EVERY_MS;
  }

  /** Numbers that have changed enough ride along with the next answers. */
  publish(readings: Iterable<readonly [OriginId, OriginReading]>, nowMs: number): void {
    this.#publishedMs = nowMs;
    const changed: { key: OriginId; value: OriginReading }[] = [];
    for (const [key, value] of readings) {
      const told = this.#section.entries.get(key)?.value;
      if (told === undefined || told === null || differs(told, value)) changed.push({ key, value });
    }
    if (changed.length > 0) change(this.#section, changed);
  }
}
