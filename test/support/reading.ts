/** What a hub tells of an origin that nothing is wrong with and that nobody has measured. */
import type { OriginReading } from "../../src/agreement/protocol.ts";

export const SOUND_READING: OriginReading = {
  breaker: "closed",
  admission: 1,
  healthy: true,
  latencyMs: Number.NaN,
  latencySamples: 0,
  latencyAgeMs: 0,
  inFlight: 0,
  load: 0,
  kept: 1,
  saturation: 0,
};
