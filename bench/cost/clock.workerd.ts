/**
 * A clock for a whole Worker in the place of the machine's: `Date.now`, timers and alarms follow it. It goes by requests, so that
 * what goes with time comes out the same on a fast machine and on a slow one; or it runs faster, so that minutes in which
 * nothing happens are over sooner.
 */
import { env } from "cloudflare:workers";

/** The variables that say how it goes, as text; without either it is the machine's. */
interface ClockVars {
  /** How many ms pass with each request. */
  readonly MS_PER_REQUEST?: string;
  /** How many ms pass in one of the machine's. */
  readonly SPEED?: string;
}

/** The same in every isolate, so that all agree on the time. */
const STARTED_MS = Date.UTC(2026, 0, 1);
const LOOK_EVERY_REAL_MS = 10;

const { MS_PER_REQUEST, SPEED } = env as ClockVars;
const msPerRequest = Number(MS_PER_REQUEST ?? 0);
const speed = Number(SPEED ?? 0);

const real = { now: Date.now, setTimeout: globalThis.setTimeout, wait: scheduler.wait.bind(scheduler) };

let passedMs = 0;

if (msPerRequest > 0) goByRequests();
else if (speed > 0) goFaster();

/** To be told of each request. */
export function requestCame(): void {
  passedMs += msPerRequest;
}

function goFaster(): void {
  Date.now = () => STARTED_MS + (real.now() - STARTED_MS) * speed;
  scheduler.wait = (ms: number) => real.wait(ms / speed);
  Object.assign(globalThis, { setTimeout: setSooner });
}

function setSooner(callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown {
  return real.setTimeout(callback, ms / speed, ...args);
}

/**
 * Waiting is looking, every few real milliseconds, whether the time has come: so each wait stays in the request or object that
 * began it, as the runtime demands, and is late by the few requests that were served meanwhile.
 */
function goByRequests(): void {
  Date.now = () => STARTED_MS + passedMs;
  scheduler.wait = async (ms: number) => {
    const dueMs = Date.now() + ms;
    while (Date.now() < dueMs) await real.wait(LOOK_EVERY_REAL_MS);
  };
  Object.assign(globalThis, { setTimeout: setTimer, clearTimeout: clearTimer });
}

interface Timer {
  isOver: boolean;
}

function setTimer(callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer {
  const timer: Timer = { isOver: false };
  const dueMs = Date.now() + ms;
  const look = () => {
    if (timer.isOver) return;
    if (Date.now() < dueMs) return void real.setTimeout(look, LOOK_EVERY_REAL_MS);
    timer.isOver = true;
    callback(...args);
  };
  real.setTimeout(look, LOOK_EVERY_REAL_MS);
  return timer;
}

function clearTimer(timer: Timer | null | undefined): void {
  if (timer) timer.isOver = true;
}

/** What of storage's prototype is replaced. */
interface Alarms {
  setAlarm: (this: DurableObjectStorage, at: number | Date) => Promise<void>;
  getAlarm: (this: DurableObjectStorage) => Promise<number | null>;
  deleteAlarm: (this: DurableObjectStorage) => Promise<void>;
}

/** When they go off by this clock, where it goes by requests: nothing is evicted while requests come. */
const alarms = new WeakMap<DurableObjectStorage, number>();

/** Gives the storage of all objects, which have one prototype, alarms that go by this clock. */
export function setAlarmsByClock(storage: DurableObjectStorage): void {
  const prototype = Object.getPrototypeOf(storage) as Alarms;
  const setRealAlarm = prototype.setAlarm;
  if (msPerRequest > 0) {
    prototype.setAlarm = function (at) {
      alarms.set(this, Number(at));
      return setRealAlarm.call(this, real.now());
    };
    prototype.getAlarm = function () {
      return Promise.resolve(alarms.get(this) ?? null);
    };
    prototype.deleteAlarm = function () {
      alarms.delete(this);
      return Promise.resolve();
    };
  } else if (speed > 0) {
    const getRealAlarm = prototype.getAlarm;
    prototype.setAlarm = function (at) {
      return setRealAlarm.call(this, real.now() + (Number(at) - Date.now()) / speed);
    };
    prototype.getAlarm = async function () {
      const realMs = await getRealAlarm.call(this);
      return realMs === null ? null : Date.now() + (realMs - real.now()) * speed;
    };
  }
}

/**
 * For an object whose alarm has gone off; one that goes by requests goes off at once, and waits here for its time.
 *
 * @returns whether it counts: not when it was deleted meanwhile, or was set twice and has gone off already
 */
export async function isTimeForAlarm(storage: DurableObjectStorage): Promise<boolean> {
  if (msPerRequest === 0) return true;
  for (;;) {
    const dueMs = alarms.get(storage);
    if (dueMs === undefined) return false;
    if (dueMs <= Date.now()) return alarms.delete(storage);
    await real.wait(LOOK_EVERY_REAL_MS);
  }
}
