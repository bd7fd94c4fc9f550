/** The contract that every steering policy meets, and the registry of policies. */
import type { PolicyName, SteeringConfig } from "../config/steering.ts";
import type { Place, UnitVector } from "./place.ts";
import { failover } from "./failover.ts";
import { latency } from "./latency.ts";

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
  /** Attempts waiting for a response head: this isolate's and its region's. */
  inFlight: number;
}

/** What a policy may know of the request. */
export interface SteerRequest {
  readonly place: Place;
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
export const POLICIES: Readonly<Record<PolicyName, Policy>> = { failover, latency };
