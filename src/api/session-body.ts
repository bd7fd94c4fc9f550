/** How sessions are told to an operator: those with a record, those in a cookie, and what came of all of them. */
import * as z from "zod";
import type { SessionRecord, SessionStatistics } from "../affinity/messages.ts";
import type { Session } from "../affinity/session.ts";
import { originOf } from "../affinity/places.ts";

export const sessionSchema = z
  .object({
    session: z.string().describe("What it is called here: the hash of its key, or the id in its cookie."),
    key: z.string().nullable().describe("Its key as clients send it; only for the scope `admin`, else null."),
    group: z.string().nullable().describe("The group of services that share it."),
    pool: z.string().nullable(),
    origins: z.record(z.string(), z.string().nullable()).describe("By service: its origin; null: any of the pool."),
    began: z.iso.datetime(),
    expires: z.iso.datetime().describe("Unless it is prolonged."),
    lastSeen: z.iso
      .datetime()
      .nullable()
      .describe("Give or take a tenth of the idle time; null: not known of a cookie."),
  })
  .openapi("Session");

export const sessionExample: z.infer<typeof sessionSchema> = {
  session: "8f14e45fceea167a5a36dedd4bea2543",
  key: null,
  group: null,
  pool: "eu-west",
  origins: { shop: "euw1" },
  began: "2026-11-21T09:30:00.000Z",
  expires: "2026-11-21T10:00:00.000Z",
  lastSeen: "2026-11-21T09:30:00.000Z",
};

export const statisticsSchema = z
  .object({
    active: z.int().describe("Sessions with a record that live."),
    created: z.int(),
    moved: z.int().describe("Found a new home because theirs was out."),
    expired: z.int(),
    revoked: z.int(),
    evicted: z.int().describe("Let go although they lived, because their shard was full: the least recently seen."),
    cookies: z
      .object({ created: z.int(), moved: z.int() })
      .describe("The same of sessions in cookies, as hubs counted since they started."),
    away: z.array(z.string()).describe("Hubs whose counts are missing here."),
  })
  .openapi("SessionStatistics");

export type StatisticsBody = z.infer<typeof statisticsSchema>;

export const statisticsExample: StatisticsBody = {
  active: 812,
  created: 1_204,
  moved: 31,
  expired: 390,
  revoked: 2,
  evicted: 0,
  cookies: { created: 40_112, moved: 97 },
  away: [],
};

/** @param showsKeys whether the caller may see keys as they are */
export function recordBody({ hash, scope, key, binding }: SessionRecord, showsKeys: boolean) {
  return {
    session: hash,
    key: showsKeys ? key : null,
    group: groupOf(scope),
    pool: binding.pool,
    origins: { ...binding.origins },
    began: timeOf(binding.issuedMs),
    expires: timeOf(binding.expiresMs),
    lastSeen: timeOf(binding.seenMs),
  };
}

/** @param services those that the session is for */
export function cookieBody(
  session: Session,
  scope: string,
  services: readonly { name: string; origins: readonly string[] }[],
) {
  const at = session.places.flatMap((place) => originOf(place) ?? []);
  const pool = session.places.find((place) => place.startsWith("pool:"))?.slice("pool:".length) ?? null;
  const origins = services.flatMap(({ name, origins }) => {
    const own = at.find((origin) => origins.includes(origin));
    return own === undefined ? [] : [[name, own] as const];
  });
  return {
    session: session.id,
    key: null,
    group: groupOf(scope),
    pool,
    origins: Object.fromEntries(origins),
    began: timeOf(session.issuedMs),
    expires: timeOf(session.expiresMs),
    lastSeen: null,
  };
}

/** Adds shards up. */
export function totalOf(shards: readonly SessionStatistics[]): SessionStatistics {
  const total = { active: 0, created: 0, moved: 0, expired: 0, revoked: 0, evicted: 0 };
  for (const shard of shards)
    for (const field of Object.keys(total) as (keyof typeof total)[]) total[field] += shard[field];
  return total;
}

function groupOf(scope: string): string | null {
  return scope.startsWith("group:") ? scope.slice("group:".length) : null;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
