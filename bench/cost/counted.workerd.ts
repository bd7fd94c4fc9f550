/**
 * Fairlead with what is billed counted where it arrives: calls to Durable Objects, rows written, subrequests. `GET /bench-counts`
 * on any host tells them. Worker and objects share an isolate in plain workerd, and so the counters. With the variable
 * `MS_PER_REQUEST` time goes by requests: each takes so many ms.
 */
import { AuditLog as PlainAuditLog } from "../../durable-objects/audit-log.ts";
import { ControlPlane as PlainControlPlane } from "../../durable-objects/control-plane.ts";
import { IdempotencyLedger as PlainLedger } from "../../durable-objects/idempotency-ledger.ts";
import { OriginBreaker as PlainBreaker } from "../../durable-objects/origin-breaker.ts";
import { RateLimiter as PlainLimiter } from "../../durable-objects/rate-limiter.ts";
import { RegionHub as PlainHub } from "../../durable-objects/region-hub.ts";
import { SessionAffinity as PlainSessions } from "../../durable-objects/session-affinity.ts";
import fairlead from "../../src/index.ts";
import { isTimeForAlarm, requestCame, setAlarmsByClock } from "./clock.workerd.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

const calls: Record<string, number> = {};
let rowsWritten = 0;
let subrequests = 0;
let isStorageCounted = false;

export class RegionHub extends PlainHub {}
export class OriginBreaker extends PlainBreaker {}
export class RateLimiter extends PlainLimiter {}
export class ControlPlane extends PlainControlPlane {}
export class SessionAffinity extends PlainSessions {}
export class IdempotencyLedger extends PlainLedger {}
export class AuditLog extends PlainAuditLog {}

countCalls("RegionHub", RegionHub.prototype, PlainHub.prototype);
countCalls("OriginBreaker", OriginBreaker.prototype, PlainBreaker.prototype);
countCalls("RateLimiter", RateLimiter.prototype, PlainLimiter.prototype);
countCalls("ControlPlane", ControlPlane.prototype, PlainControlPlane.prototype);
countCalls("SessionAffinity", SessionAffinity.prototype, PlainSessions.prototype);
countCalls("IdempotencyLedger", IdempotencyLedger.prototype, PlainLedger.prototype);
countCalls("AuditLog", AuditLog.prototype, PlainAuditLog.prototype);

const { fetch: send } = globalThis;
globalThis.fetch = (...request: Parameters<typeof fetch>) => {
  subrequests++;
  return send(...request);
};

export default {
  fetch(request, env, context) {
    if (request.url.endsWith("/bench-counts")) return Response.json({ calls, rowsWritten, subrequests });
    requestCame();
    return fairlead.fetch(request, env, context);
  },
} satisfies ExportedHandler;

/** Alarms are billed like calls, and are counted with them. */
function countCalls(kind: string, counted: object, plain: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(plain))) {
    if (name === "constructor" || typeof value !== "function") continue;
    const method = value as Method;
    const key = `${kind}.${name}`;
    const counting = function (this: { readonly ctx: DurableObjectState }, ...args: unknown[]) {
      countRows(this.ctx.storage);
      calls[key] = (calls[key] ?? 0) + 1;
      return method.apply(this, args);
    };
    const inTime = async function (this: { readonly ctx: DurableObjectState }) {
      if (await isTimeForAlarm(this.ctx.storage)) await counting.call(this);
    };
    Object.defineProperty(counted, name, {
      value: name === "alarm" ? inTime : counting,
      writable: true,
      configurable: true,
    });
  }
}

const one = () => 1;

/** Storage of all objects has one prototype. Setting an alarm is a row, reading is none. */
function countRows(storage: DurableObjectStorage): void {
  if (isStorageCounted) return;
  isStorageCounted = true;
  setAlarmsByClock(storage);
  countOn(storage, ["put", "delete", "deleteAll", "setAlarm", "deleteAlarm"], one);
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
