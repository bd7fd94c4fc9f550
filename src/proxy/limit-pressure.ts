/** What presses on a service, as this isolate's view has it: how loaded it is, how healthy, how slow. */
import { latencySignal, nextUsualMs } from "../rate-limit/adapt.ts";
import type { LevelCounts } from "../rate-limit/level-mix.ts";
import { settledLoad, type Pressure } from "../rate-limit/priority.ts";
import { refreshAvailability, type ServiceState } from "../steering/availability.ts";

/** The signals are worked out at most this often: between two looks, hardly anything has changed. */
const FRESH_MS = 100;

export interface Signals extends Pressure {
  /** How much of its usual speed the service has, in (0, 1]. */
  readonly speed: number;
}

export type PressureGauge = (state: ServiceState, nowMs: number) => Signals;

/**
 * Works out the signals of one service, a few times a second at most.
 *
 * @param levels how the service's requests divide among the levels: what is asked for settles to a load by it
 */
export function pressureGauge(levels: LevelCounts): PressureGauge {
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
    const health = healthOf(state);
    const load = settledLoad(levels.mix(nowMs), offeredTo(state), health);
    signals = { load, health, speed: latencySignal(usualMs, latencyMs) };
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
 * Requests a second as a part of what the origins can take, those included that are turned away: as hubs add it up for the
 * world. An origin of which no hub has said anything is judged by what is in flight here: by Little's law a second's
 * requests are those divided by the time each takes. Without a `capacity` on every origin the service is unbounded, and
 * nothing is asked of it.
 */
function offeredTo(state: ServiceState): number {
  let perSecond = 0;
  let capacity = 0;
  for (const { origins } of state.pools) {
    for (const { config, inFlight, latencyMs, saturation, administrative } of origins) {
      if (administrative !== "enabled") continue;
      if (config.capacity === undefined) return 0;
      capacity += config.capacity;
      if (saturation > 0) perSecond += saturation * config.capacity;
      else if (inFlight > 0) perSecond += (inFlight * 1_000) / (latencyMs > 1 ? latencyMs : 1_000);
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
