/**
 * A hub's side of the agreement: what it has, who holds its leases, and what it answers.
 *
 * Two clocks: `nowMs` is the wall clock, used for the hub's own lease from the ControlPlane; `slowMs` never runs ahead of
 * real time and is used to judge the leases of others (see holders.ts).
 */
import type { Region } from "../config/region.ts";
import { afterTerm, behindForMs, dropExpired, noteHolder, type Holders } from "./holders.ts";
import { endLease, holdsLease, noLease, takeLease, type Lease, type SentCall } from "./lease.ts";
import {
  LOGGED_SECTIONS,
  type ConfirmAnswer,
  type ContactAnswer,
  type HubInstance,
  type HubName,
  type LoggedChange,
  type LoggedSection,
  type OriginId,
  type OriginReading,
  type SyncRequest,
  type Versions,
  type ViewDelta,
} from "./protocol.ts";
import { applyDelta, deltaSince, emptySection, type SectionDelta, type SectionState } from "./section.ts";
import { CONTACT_LEASE_MS, LEASE_MS } from "./timing.ts";
import { applyLogged, emptyLog, loggedVersions, type LoggedState } from "./view-state.ts";

export interface HubState {
  readonly name: HubName;
  readonly region: Region;
  readonly instance: HubInstance;
  readonly logged: LoggedState;
  readonly origins: SectionState<OriginReading>;
  readonly holders: Holders;
  /** The hub's own lease: its place in the registry. Without it, it grants none. */
  readonly registration: Lease;
  /** Until then (slow clock) leases granted by the instance before may still hold. */
  readonly quietUntilMs: number;
}

/**
 * A hub that has just started, with nothing in memory.
 *
 * @param leasesEndByMs what the instance before wrote down: no lease of its lasts longer (wall clock); 0: it granted none
 */
export function startHub(
  identity: Pick<HubState, "name" | "region" | "instance">,
  leasesEndByMs: number,
  nowMs: number,
  slowMs: number,
): HubState {
  return {
    ...identity,
    logged: emptyLog(),
    origins: emptySection(),
    holders: new Map(),
    registration: noLease(),
    quietUntilMs: leasesEndByMs > nowMs ? afterTerm(slowMs, LEASE_MS) : slowMs,
  };
}

/** Takes the ControlPlane's answer to a contact. */
export function takeContact(hub: HubState, call: SentCall, answer: ContactAnswer, nowMs: number): void {
  applyLogged(hub.logged, answer.delta);
  if (answer.registered) takeLease(hub.registration, call, CONTACT_LEASE_MS, nowMs);
  else endLease(hub.registration);
}

/** Whether the hub may grant leases now. */
export function mayGrant(hub: HubState, nowMs: number): boolean {
  return holdsLease(hub.registration, nowMs);
}

/** Notes a sync at its receipt: from now on its sender may hold a lease, whether or not an answer reaches it. */
export function takeSync(hub: HubState, request: SyncRequest, nowMs: number, slowMs: number): void {
  if (mayGrant(hub, nowMs)) noteHolder(hub.holders, request.isolate, request.have, LEASE_MS, slowMs);
}

/**
 * The part of a sync's answer that the agreement is about, judged when it is sent.
 *
 * @param noted whether the sync was noted at its receipt: only then may it be answered with a lease
 */
export function answerSync(
  hub: HubState,
  request: SyncRequest,
  noted: boolean,
  nowMs: number,
): { delta: ViewDelta | null; versions: Versions; leaseMs: number } {
  const have = request.have;
  return {
    delta: deltaFor(hub, have),
    versions: {
      ...loggedVersions(hub.logged),
      base: have?.base ?? "",
      hub: hub.instance,
      origins: hub.origins.version,
    },
    leaseMs: noted && mayGrant(hub, nowMs) ? LEASE_MS : 0,
  };
}

/** What a caller is missing, or null. */
function deltaFor(hub: HubState, have: Versions | null): ViewDelta | null {
  const delta: { -readonly [K in keyof ViewDelta]: ViewDelta[K] } = {};
  const set = <K extends keyof ViewDelta>(section: K, part: ViewDelta[K] | null) => {
    if (part !== null) delta[section] = part;
  };
  set("overrides", deltaSince(hub.logged.overrides, have?.overrides ?? 0));
  set("purges", deltaSince(hub.logged.purges, have?.purges ?? 0));
  set("flags", deltaSince(hub.logged.flags, have?.flags ?? 0));
  set("sessions", deltaSince(hub.logged.sessions, have?.sessions ?? 0));
  set("origins", deltaSince(hub.origins, have?.hub === hub.instance ? have.origins : 0));
  return Object.keys(delta).length === 0 ? null : delta;
}

/** Whether the caller lacks something that must not wait for the end of a hold. */
export function lacksLogged(hub: HubState, have: Versions | null): boolean {
  return LOGGED_SECTIONS.some((section) => hub.logged[section].version > (have?.[section] ?? 0));
}

/** Whether an operator drains or disables the origin. */
export function isTakenOut(hub: HubState, origin: OriginId, nowMs: number): boolean {
  const override = hub.logged.overrides.entries.get(`administrative/${origin}`)?.value;
  if (override?.kind !== "administrative" || override.state === "enabled") return false;
  return override.expiresAtMs === null || override.expiresAtMs > nowMs;
}

/** Whether a caller has what this hub has not: a push was missed. */
export function isBehind(hub: HubState, have: Versions | null): boolean {
  return have !== null && LOGGED_SECTIONS.some((section) => have[section] > hub.logged[section].version);
}

/** Takes a change of the log in. @returns the version the hub has now; lower than pushed: it must be told from there */
export function takeChange(hub: HubState, change: LoggedChange): number {
  const section = hub.logged[change.section] as SectionState<unknown>;
  applyDelta(section, change.delta as SectionDelta<unknown>);
  return section.version;
}

/**
 * How far a version has got among those who hold a lease from this hub, and from the instance before it.
 *
 * @returns `effectiveWithinMs` Infinity while the hub itself has not got the version
 */
export function hubConfirmation(hub: HubState, section: LoggedSection, version: number, slowMs: number): ConfirmAnswer {
  if (hub.logged[section].version < version)
    return { instance: hub.instance, complete: false, effectiveWithinMs: Infinity };
  dropExpired(hub.holders, slowMs);
  const behindMs = behindForMs(hub.holders, section, version, slowMs);
  const effectiveWithinMs = Math.max(behindMs, hub.quietUntilMs - slowMs, 0);
  return { instance: hub.instance, complete: effectiveWithinMs === 0, effectiveWithinMs };
}
