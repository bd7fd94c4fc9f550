/** The `origins` section of a hub's view: which readings are told at once, and which ride along with the next answer. */
import { change, type SectionState } from "../src/agreement/section.ts";
import type { OriginId, OriginMeasure, OriginReading } from "../src/agreement/protocol.ts";

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

  /** An origin is gone. */
  forget(origin: OriginId): void {
    change(this.#section, [{ key: origin, value: null }]);
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

/** Whether numbers have changed enough to be told: they ride along, but not for nothing. */
function differs(a: OriginMeasure, b: OriginMeasure): boolean {
  return (
    differsBy(a.latencyMs, b.latencyMs, 0.05, 0.5) ||
    differsBy(a.inFlight, b.inFlight, 0.1, 1.5) ||
    differsBy(a.load, b.load, 0.1, 0.5) ||
    differsBy(a.kept, b.kept, 0.02, 0) ||
    differsBy(a.saturation, b.saturation, 0.05, 0.01) ||
    a.kept < 1 !== b.kept < 1 ||
    b.latencyAgeMs - a.latencyAgeMs > 10_000
  );
}

function differsBy(a: number, b: number, share: number, floor: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) !== Number.isNaN(b);
  return Math.abs(a - b) > Math.max(floor, share * Math.abs(a));
}
