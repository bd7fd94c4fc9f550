/** Fairlead with its Durable Objects as far away as `DISTANCE_MS` says: every call waits that long before it is served. */
import { env } from "cloudflare:workers";
import { ControlPlane as NearControlPlane } from "../../durable-objects/control-plane.ts";
import { OriginBreaker as NearBreaker } from "../../durable-objects/origin-breaker.ts";
import { RateLimiter as NearLimiter } from "../../durable-objects/rate-limiter.ts";
import { RegionHub as NearHub } from "../../durable-objects/region-hub.ts";

export * from "../../src/index.ts";
export { default } from "../../src/index.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Called by the runtime in the object's own place. */
const NOT_CALLS = new Set(["constructor", "alarm"]);

const distanceMs = Number((env as { DISTANCE_MS?: string }).DISTANCE_MS);

export class ControlPlane extends NearControlPlane {}
export class RegionHub extends NearHub {}
export class OriginBreaker extends NearBreaker {}
export class RateLimiter extends NearLimiter {}

moveAway(ControlPlane.prototype, NearControlPlane.prototype);
moveAway(RegionHub.prototype, NearHub.prototype);
moveAway(OriginBreaker.prototype, NearBreaker.prototype);
moveAway(RateLimiter.prototype, NearLimiter.prototype);

/** Gives `far` every method of `near`, later. */
function moveAway(far: object, near: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(near))) {
    if (NOT_CALLS.has(name) || typeof value !== "function") continue;
    const method = value as Method;
    const later = async function (this: unknown, ...args: unknown[]) {
      await scheduler.wait(distanceMs);
      return method.apply(this, args);
    };
    Object.defineProperty(far, name, { value: later, writable: true, configurable: true });
  }
}
