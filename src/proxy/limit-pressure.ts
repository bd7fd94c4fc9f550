/** What presses on a service, as this isolate's view has it: how loaded it is, how healthy, how slow. */
import { latencySignal, nextUsualMs } from "../rate-limit/adapt.ts";
import type { Pressure } from "../rate-limit/priority.ts";
import { refreshAvailability, type ServiceState } from "../steering/availability.ts";

/** The signals are worked out at most this often: between two looks, hardly anything has changed. */
const FRESH_MS = 100;

export interface Signals extends Pressure {
  /** How much of its usual speed the service has, in (0, 1]. */
  readonly speed: number;
}

/** Works out the signals of one service, a few times a second at most. */
export function pressureGauge(): (state: ServiceState, nowMs: number) => Signals {
  let atMs = -Infinity;
  let signals: Signals = { load: 0, health: 1, speed: 1 };
  let usualMs = Number.NaN;
  return (state, nowMs) => {
    const elapsedMs = nowMs - atMs;
    if (elapsedMs >= 0 && elapsedMs < FRESH_MS) return signals;
    atMs = nowMs;
    refreshAvailability(state, nowMs);
    const latencyMs = meanLatencyMs(state);
    usualMs = nextUsualMs(usualMs, latencyMs, Number.isFinite(elapsedMs) ? elapsedMs : 0);
    signals = { load: loadOf(state), health: healthOf(state), speed: latencySignal(usualMs, latencyMs) };
    return signals;
  };
}

/** The share of the origins' weight that may take requests; what an operator took out is not sick, it is not there. */
function healthOf(state: ServiceState): number {
  let available = 0;
  let all = 0;
  for (const pool of state.pools) {
    pool.origins.forEach((origin, index) => {
      if (origin.administrative !== "enabled") return;
      all += origin.weight;
      if (pool.eligible[index] === 1 && !state.panicking) available += origin.weight * origin.admission;
    });
  }
  return all > 0 ? available / all : 1;
}

/**
 * Requests a second as a part of what the origins can take: as the hubs add it up for the world, or as this isolate sees it
 * itself, if that is more. By Little's law a second's requests are those in flight divided by the time each takes. Without a
 * `capacity` on every origin the service is unbounded, and its load 0.
 */
function loadOf(state: ServiceState): number {
  let perSecond = 0;
  let capacity = 0;
  for (const { origins } of state.pools) {
    for (const { config, inFlight, latencyMs, saturation, administrative } of origins) {
      if (administrative !== "enabled") continue;
      if (config.capacity === undefined) return 0;
      capacity += config.capacity;
      const own = inFlight > 0 ? (inFlight * 1_000) / (latencyMs > 1 ? latencyMs : 1_000) : 0;
      perSecond += Math.max(own, saturation * config.capacity);
    }
  }
  return capacity > 0 ? perSecond / capacity : 0;
}

/** Mean latency of what was measured, by weight, in ms; NaN when nothing was. */
function meanLatencyMs(state: ServiceState): number {
  let sum = 0;
  let weights = 0;
  for (const { origins } of state.pools) {
    for (const { latencyMs, weight } of origins) {
      if (Number.isNaN(latencyMs)) continue;
      sum += latencyMs * weight;
      weights += weight;
    }
  }
  return sum / weights;
}
