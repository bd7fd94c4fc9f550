/**
 * Fairlead with every call to a Durable Object and every row written counted where they arrive. `GET /bench-counts` on any
 * host tells them. Worker and objects share an isolate in plain workerd, and so the counters.
 */
import { ControlPlane as PlainControlPlane } from "../../durable-objects/control-plane.ts";
import { OriginBreaker as PlainBreaker } from "../../durable-objects/origin-breaker.ts";
import { RateLimiter as PlainLimiter } from "../../durable-objects/rate-limiter.ts";
import { RegionHub as PlainHub } from "../../durable-objects/region-hub.ts";
import fairlead from "../../src/index.ts";

export * from "../../src/index.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

const calls: Record<string, number> = {};
let rowsWritten = 0;
let isStorageCounted = false;

export class RegionHub extends PlainHub {
  constructor(state: DurableObjectState, env: ConstructorParameters<typeof PlainHub>[1]) {
    countRows(state.storage);
    super(state, env);
  }
}
export class OriginBreaker extends PlainBreaker {}
export class RateLimiter extends PlainLimiter {}
export class ControlPlane extends PlainControlPlane {}

countCalls("RegionHub", RegionHub.prototype, PlainHub.prototype);
countCalls("OriginBreaker", OriginBreaker.prototype, PlainBreaker.prototype);
countCalls("RateLimiter", RateLimiter.prototype, PlainLimiter.prototype);
countCalls("ControlPlane", ControlPlane.prototype, PlainControlPlane.prototype);

export default {
  fetch(request, env, context) {
    if (request.url.endsWith("/bench-counts")) return Response.json({ calls, rowsWritten });
    return fairlead.fetch(request, env, context);
  },
} satisfies ExportedHandler;

/** Alarms are billed like calls, and are counted with them. */
function countCalls(kind: string, counted: object, plain: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(plain))) {
    if (name === "constructor" || typeof value !== "function") continue;
    const method = value as Method;
    const key = `${kind}.${name}`;
    const counting = function (this: unknown, ...args: unknown[]) {
      calls[key] = (calls[key] ?? 0) + 1;
      return method.apply(this, args);
    };
    Object.defineProperty(counted, name, { value: counting, writable: true, configurable: true });
  }
}

const one = () => 1;

/** Storage of all objects has one prototype. Setting an alarm is a row, reading is none. */
function countRows(storage: DurableObjectStorage): void {
  if (isStorageCounted) return;
  isStorageCounted = true;
  countOn(storage, ["put", "delete", "setAlarm", "deleteAlarm"], one);
  countOn(storage.kv, ["put", "delete"], one);
  countOn(storage.sql, ["exec"], (cursor) => (cursor as SqlStorageCursor<never>).rowsWritten);
}

function countOn(target: object, names: readonly string[], rowsOf: (result: unknown) => number): void {
  const prototype = Object.getPrototypeOf(target) as Record<string, Method>;
  for (const name of names) {
    const method = prototype[name];
    if (method === undefined) throw new Error(`Expected storage to have a method \`${name}\`, it has none`);
    prototype[name] = function (...args) {
      const result = method.apply(this, args);
      rowsWritten += rowsOf(result);
      return result;
    };
  }
}
