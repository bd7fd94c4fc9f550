/**
 * A clock for a whole Worker that goes by requests instead of the machine's: `Date.now`, timers and alarms follow it. What goes
 * with time then comes out the same on a fast machine and on a slow one.
 *
 * Waiting is looking, every few real milliseconds, whether the time has come: so each wait stays in the request or object that
 * began it, as the runtime demands, and is late by the few requests that were served meanwhile.
 */

const STARTED_MS = Date.UTC(2026, 0, 1);
const LOOK_EVERY_REAL_MS = 10;

const real = { now: Date.now, setTimeout: globalThis.setTimeout, wait: scheduler.wait.bind(scheduler) };
const alarms = new WeakMap<DurableObjectStorage, number>();

let passedMs = 0;
let isInPlace = false;

interface Timer {
  isOver: boolean;
}

/** What of storage's prototype is replaced. */
interface Alarms {
  setAlarm: (this: DurableObjectStorage, at: number | Date) => Promise<void>;
  getAlarm: (this: DurableObjectStorage) => Promise<number | null>;
  deleteAlarm: (this: DurableObjectStorage) => Promise<void>;
}

/** Lets time pass, in ms. */
export function pass(ms: number): void {
  passedMs += ms;
}

/** Puts it in the place of the machine's. Nothing may have read the time or set a timer before. */
export function goByRequests(): void {
  isInPlace = true;
  Date.now = () => STARTED_MS + passedMs;
  scheduler.wait = async (ms: number) => {
    const dueMs = Date.now() + ms;
    while (Date.now() < dueMs) await real.wait(LOOK_EVERY_REAL_MS);
  };
  Object.assign(globalThis, { setTimeout: setTimer, clearTimeout: clearTimer });
}

function clearTimer(timer: Timer | null | undefined): void {
  if (timer) timer.isOver = true;
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

/** Gives the storage of all objects, which have one prototype, alarms that go by this clock where it is in place. */
export function setAlarmsByRequests(storage: DurableObjectStorage): void {
  if (!isInPlace) return;
  const prototype = Object.getPrototypeOf(storage) as Alarms;
  const setRealAlarm = prototype.setAlarm;
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
}

/**
 * For an object whose alarm has gone off; one that goes by this clock goes off at once, and waits here for its time.
 *
 * @returns whether it counts: not when it was deleted meanwhile, or was set twice and has gone off already
 */
export async function isTimeForAlarm(storage: DurableObjectStorage): Promise<boolean> {
  if (!isInPlace) return true;
  for (;;) {
    const dueMs = alarms.get(storage);
    if (dueMs === undefined) return false;
    if (dueMs <= Date.now()) return alarms.delete(storage);
    await real.wait(LOOK_EVERY_REAL_MS);
  }
}
