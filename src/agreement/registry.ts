/**
 * The ControlPlane's registry of hubs: who may be granting leases, and so whom `confirm` has to wait for.
 *
 * A hub is granted its place for `CONTACT_LEASE_MS` at a time and grants its own leases only meanwhile. So an instance
 * that has not been heard of for that long + one lease binds nobody, dead, partitioned or doubled. Times are on a slow
 * clock (see holders.ts). The rows are stored; the times are not: after a restart every row counts as just heard of.
 */
import type { Region } from "../config/region.ts";
import { afterTerm } from "./holders.ts";
import type { ConfirmAnswer, HubInstance, HubName, LoggedVersions } from "./protocol.ts";
import { CONTACT_LEASE_MS, LEASE_MS } from "./timing.ts";

/** How long an instance may bind isolates after it was last answered. */
export const SILENCE_MS = CONTACT_LEASE_MS + LEASE_MS;

export interface Registered {
  readonly instance: HubInstance;
  readonly hub: HubName;
  readonly region: Region;
  /** False: another instance has taken its place; it is waited for until its last leases have run out. */
  current: boolean;
  /** After this time (slow clock) nobody holds a lease from it, unless it is answered again. */
  boundUntilMs: number;
  /** What it has acknowledged. */
  acknowledged: LoggedVersions;
  /** Isolates that hold a lease from it, as it last said. */
  isolates: number;
}

export type Registry = Map<HubInstance, Registered>;

/** What has to be stored for a registry to be the same after a restart. */
export interface RegistryChange {
  readonly put: readonly Registered[];
  readonly drop: readonly HubInstance[];
}

const NO_CHANGE: RegistryChange = { put: [], drop: [] };

/** The registry after a restart, from its stored rows. */
export function restoreRegistry(
  rows: readonly Pick<Registered, "instance" | "hub" | "region" | "current">[],
  slowMs: number,
): Registry {
  return new Map(rows.map((row) => [row.instance, justHeardOf(row, slowMs)]));
}

function justHeardOf(row: Pick<Registered, "instance" | "hub" | "region" | "current">, slowMs: number): Registered {
  const acknowledged = { overrides: 0, purges: 0, flags: 0, sessions: 0 };
  return { ...row, boundUntilMs: afterTerm(slowMs, SILENCE_MS), acknowledged, isolates: 0 };
}

/**
 * Takes a hub's first contact: its instance takes the hub's place.
 *
 * An instance that was replaced stays so; its message was late.
 */
export function register(
  registry: Registry,
  entry: Pick<Registered, "instance" | "hub" | "region">,
  slowMs: number,
): RegistryChange {
  if (registry.has(entry.instance)) return NO_CHANGE;
  const replaced = [...registry.values()].filter((other) => other.hub === entry.hub && other.current);
  for (const other of replaced) other.current = false;
  const registered = justHeardOf({ ...entry, current: true }, slowMs);
  registry.set(entry.instance, registered);
  return { put: [...replaced, registered], drop: [] };
}

/**
 * Answers a contact.
 *
 * @returns whether the instance holds its hub's place, and may go on granting leases
 */
export function renew(registry: Registry, instance: HubInstance, slowMs: number): boolean {
  const registered = registry.get(instance);
  if (registered === undefined || !registered.current) return false;
  registered.boundUntilMs = afterTerm(slowMs, SILENCE_MS);
  return true;
}

/** An instance says that its last lease has run out and that it will register before it grants another. */
export function leave(registry: Registry, instance: HubInstance): RegistryChange {
  return registry.delete(instance) ? { put: [], drop: [instance] } : NO_CHANGE;
}

/** Forgets instances that were replaced and bind nobody any more. Current ones stay, to be pushed to and waited for. */
export function forgetReplaced(registry: Registry, slowMs: number): RegistryChange {
  const drop = [...registry.values()].filter((entry) => !entry.current && entry.boundUntilMs <= slowMs);
  for (const { instance } of drop) registry.delete(instance);
  return { put: [], drop: drop.map(({ instance }) => instance) };
}

/** How far a version has got on the planet. */
export interface Confirmation {
  readonly complete: boolean;
  /** 0 when complete; else after this time every isolate that holds a lease has it, whoever answers. */
  readonly effectiveWithinMs: number;
  readonly hubs: { readonly confirmed: number; readonly total: number };
}

/**
 * Adds up what the hubs said.
 *
 * @param answers by hub instance; an instance without one was not reached, or another answered in its name
 */
export function confirmation(
  registry: Registry,
  answers: ReadonlyMap<HubInstance, ConfirmAnswer>,
  slowMs: number,
): Confirmation {
  let effectiveWithinMs = 0;
  let confirmed = 0;
  for (const entry of registry.values()) {
    const boundMs = Math.max(0, entry.boundUntilMs - slowMs);
    const leftMs = Math.min(boundMs, answers.get(entry.instance)?.effectiveWithinMs ?? Infinity);
    if (leftMs === 0) confirmed++;
    effectiveWithinMs = Math.max(effectiveWithinMs, leftMs);
  }
  return { complete: effectiveWithinMs === 0, effectiveWithinMs, hubs: { confirmed, total: registry.size } };
}
