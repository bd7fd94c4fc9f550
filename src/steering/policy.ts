/** The contract that every steering policy meets, and the registry of policies. */
import type { PolicyName, SteeringConfig } from "../config/steering.ts";
import type { Place, UnitVector } from "./place.ts";
import { adaptive } from "./adaptive.ts";
import { consistentHash } from "./consistent-hash.ts";
import { failover } from "./failover.ts";
import { geo } from "./geo.ts";
import { healthAware } from "./health-aware.ts";
import { latency } from "./latency.ts";
import { leastConnections } from "./least-connections.ts";
import { leastOutstanding } from "./least-outstanding.ts";
import { leastResponseTime } from "./least-response-time.ts";
import { maglev } from "./maglev.ts";
import { proximity } from "./proximity.ts";
import { random } from "./random.ts";
import { rendezvous } from "./rendezvous.ts";
import { roundRobin } from "./round-robin.ts";
import { weightedRandom } from "./weighted-random.ts";
import { weightedRoundRobin } from "./weighted-round-robin.ts";

/** Policies choose among the pools of a service, and among the origins of a pool. */
export type Level = "pools" | "origins";

/** What a policy may know of one thing it can choose. The caller keeps the changing fields current. */
export interface Member {
  readonly id: string;
  /** Lower is preferred by `failover`. */
  readonly priority: number;
  readonly vector: UnitVector;
  /** Effective weight, >= 0. */
  weight: number;
  /** Latency from this region in ms (peak-sensitive EWMA); NaN until measured. */
  latencyMs: number;
  /** When the latency was last measured, ms since the epoch. */
  latencyAtMs: number;
  /** Measurements taken in so far; the first few do not count yet. */
  latencySamples: number;
  /** What latency usually is, in ms (an average over minutes); NaN until measured. */
  baselineMs: number;
  /** Attempts waiting for a response head: this isolate's and its region's. */
  inFlight: number;
  /** Bodies and WebSockets still open; counted only where `least-connections` asks for it. */
  openStreams: number;
  /** Share of recent attempts that succeeded, in [0, 1]; 1 until something fails. */
  successRatio: number;
  /** Requests per second over what it can take, worldwide; 0 where no capacity is configured. */
  saturation: number;
}

/** The changing fields of a member of which nothing is known yet. */
export const UNMEASURED = {
  latencyMs: Number.NaN,
  latencyAtMs: 0,
  latencySamples: 0,
  baselineMs: Number.NaN,
  inFlight: 0,
  openStreams: 0,
  successRatio: 1,
  saturation: 0,
} as const satisfies Partial<Member>;

/** What a policy may know of the request. */
export interface SteerRequest {
  readonly place: Place;
  /** What a ramp admits by: the same request gets the same answer however often it is asked. */
  readonly requestId: string;
  /** When it came, ms since the epoch. */
  readonly startedMs: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: { get(name: string): string | null };
  /**
   * The hash of this request's key, 32 bits. The same key gives the same hash in every isolate.
   *
   * @param key where the key comes from, as configured (`header:x`, `cookie:x`, `ip`, `path`, `query:x`, `jwt:sub`)
   */
  hashOf(key: string): number;
}

/** One policy over one fixed list of members. Holds the policy's own state, if it has any. */
export interface Picker {
  /**
   * The member this request should go to. Asking again with that member's flag cleared gives the next choice.
   *
   * @param eligible one flag a member: 1 if it may be chosen
   * @returns the member's index, or -1 when none is eligible
   */
  pick(eligible: Uint8Array, request: SteerRequest): number;
  /** What the policy compares for this member, lower is better; NaN where it compares nothing. Changes no state. */
  score(index: number, request: SteerRequest): number;
  /** Why this member stands where it does, in a few words for an operator. Changes no state. */
  reason(index: number, request: SteerRequest): string;
  /** Learns how an attempt ended. Present only in policies that learn by themselves. */
  observe?(index: number, success: boolean): void;
}

export interface Policy {
  readonly name: PolicyName;
  /** Where the policy makes sense. */
  readonly levels: readonly Level[];
  /**
   * Prepares the policy for a list of members whose length and order never change.
   *
   * @param random uniform in [0, 1)
   */
  prepare(members: readonly Member[], options: SteeringConfig, random: () => number): Picker;
}

/** Every policy by the name it has in the configuration. */
export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  failover,
  "round-robin": roundRobin,
  "weighted-round-robin": weightedRoundRobin,
  random,
  "weighted-random": weightedRandom,
  "least-outstanding": leastOutstanding,
  "least-connections": leastConnections,
  "least-response-time": leastResponseTime,
  latency,
  proximity,
  geo,
  "consistent-hash": consistentHash,
  maglev,
  rendezvous,
  "health-aware": healthAware,
  adaptive,
};
