/** Changes of topology as they are to be laid: by each service's strategy, at once, in steps, or waiting. */
import type { Config } from "../config/schema.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { Override } from "./override.ts";
import type { Overlay, Overrides } from "./overlay.ts";
import { durationMs, standingAt, takingOf, valueAt, type Taking } from "./taking-effect.ts";

/** An override without who laid it. */
export type Unsigned = Override extends infer Each ? (Each extends unknown ? Omit<Each, "by"> : never) : never;

/** One entry to be laid; null takes away what stands. */
export interface UnsignedEntry {
  readonly key: string;
  readonly value: Unsigned | null;
}

/** What stands, and what it comes to. */
interface Standing {
  readonly overrides: Overrides;
  readonly overlay: Pick<Overlay, "config">;
}

/** An origin where the effective configuration has it. */
interface Placed {
  readonly service: string;
  readonly config: ServiceConfig;
  readonly weight: number;
}

/** The entries with how they take effect. What is no change of topology, or is to be at once, stays as it is. */
export function rebalanced(
  entries: readonly UnsignedEntry[],
  standing: Standing,
  nowMs: number,
): readonly UnsignedEntry[] {
  // Who deregisters is drained by then, whatever the strategy.
  const leaving = new Set(
    entries.flatMap(({ value }) =>
      value?.kind === "registration" && value.expiresAtMs !== null ? [value.origin.id] : [],
    ),
  );
  return entries.map(({ key, value }) => {
    const [kind, id] = partsOf(key);
    if (leaving.has(id)) return { key, value };
    const plain = value === null ? null : withoutTaking(value);
    if (kind === "administrative") return { key, value: stateChange(id, plain, standing, nowMs) };
    if (kind === "weight") return { key, value: weightChange(id, plain, standing, nowMs) };
    if (plain?.kind === "registration") return { key, value: registrationChange(key, plain, standing, nowMs) };
    return { key, value };
  });
}

function stateChange(id: string, value: Unsigned | null, { overrides, overlay }: Standing, nowMs: number) {
  const placed = placeOf(overlay.config, id);
  const to = value?.kind === "administrative" ? value.state : "enabled";
  if (placed === null || to === "disabled") return value;
  const stood = overrides.get(`administrative/${id}`);
  const before =
    stood?.kind === "administrative" && !hasExpired(stood, nowMs)
      ? standingAt(stood.state, stood.taking, nowMs)
      : { state: "enabled" as const, share: 1 };
  const from = before.state === "enabled" ? before.share : 0;
  const target = { from, to: to === "enabled" ? 1 : 0, before: before.state };
  const taking = takingOf(placed.config.rebalance, target, nowMs);
  if (taking === undefined) return value;
  if (value !== null) return { ...value, taking };
  return { kind: "administrative" as const, origin: id, state: to, expiresAtMs: arrivesAtMs(taking), taking };
}

function weightChange(id: string, value: Unsigned | null, { overrides, overlay }: Standing, nowMs: number) {
  const placed = placeOf(overlay.config, id);
  if (placed === null) return value;
  const stood = overrides.get(`weight/${id}`);
  const to = value?.kind === "weight" ? value.weight : placed.weight;
  const isStanding = stood?.kind === "weight" && !hasExpired(stood, nowMs);
  const inForce = (): number => {
    if (!isStanding) return placed.weight;
    return stood.taking === undefined ? stood.weight : valueAt(stood.taking, stood.weight, nowMs);
  };
  const taking = takingOf(placed.config.rebalance, { from: inForce(), to, before: "enabled" }, nowMs);
  if (taking === undefined) return value;
  if (value !== null) return { ...value, taking };
  return { kind: "weight" as const, origin: id, weight: to, expiresAtMs: arrivesAtMs(taking), taking };
}

function registrationChange(
  key: string,
  value: Unsigned & { readonly kind: "registration" },
  { overrides, overlay }: Standing,
  nowMs: number,
) {
  const stood = overrides.get(key);
  // One that registers again goes on where it was.
  if (stood !== undefined) return stood.taking === undefined ? value : { ...value, taking: stood.taking };
  const config = overlay.config.services[value.service]?.rebalance;
  const taking = config && takingOf(config, { from: 0, to: 1, before: "disabled" }, nowMs);
  return taking === undefined ? value : { ...value, taking };
}

/**
 * What lets the changes of a service take effect that wait.
 *
 * @param steps false: at once; true: in the service's steps, beginning now
 */
export function released(service: string, steps: boolean, { overrides, overlay }: Standing, nowMs: number) {
  return waitingOf(service, { overrides, overlay }).map(([key, override]): UnsignedEntry => {
    const { by: _by, ...value } = override;
    const placed = placeOf(overlay.config, originOf(override) ?? "");
    if (!steps) return { key, value: isNatural(override, placed) ? null : withoutTaking(value) };
    const { stepPercent, stepSeconds } = placed?.config.rebalance ?? override.taking;
    const taking = { ...override.taking, sinceMs: nowMs, stepPercent, stepSeconds };
    const expiresAtMs = isNatural(override, placed) ? arrivesAtMs(taking) : value.expiresAtMs;
    return { key, value: { ...value, expiresAtMs, taking } };
  });
}

/** The changes of a service that wait to be applied. */
export function waitingOf(
  service: string,
  { overrides, overlay }: Standing,
): (readonly [key: string, Override & { readonly taking: Taking }])[] {
  return [...overrides].flatMap(([key, override]) => {
    const { taking } = override;
    if (taking === undefined || taking.sinceMs !== null || serviceOfOrigin(override, overlay.config) !== service)
      return [];
    return [[key, { ...override, taking }] as const];
  });
}

/** Overrides as if every change had arrived: what a service comes to in the end. */
export function settled(overrides: Overrides): Overrides {
  return new Map([...overrides].map(([key, { taking: _taking, ...override }]) => [key, override]));
}

/** The service whose traffic an override moves; null: none's. */
export function serviceOfOrigin(override: Override, config: Config): string | null {
  if (override.kind === "registration") return override.service;
  return placeOf(config, originOf(override) ?? "")?.service ?? null;
}

/** The origin whose traffic an override moves; null: it moves none. */
export function originOf(override: Override): string | null {
  if (override.kind === "registration") return override.origin.id;
  return override.kind === "administrative" || override.kind === "weight" ? override.origin : null;
}

/** Whether it says what the configuration says anyway. */
function isNatural(override: Override, placed: Placed | null): boolean {
  if (override.kind === "administrative") return override.state === "enabled";
  return override.kind === "weight" && override.expiresAtMs === null && override.weight === placed?.weight;
}

/** When a change that says what the configuration says has arrived, and is of no use any more; null: it waits. */
function arrivesAtMs(taking: Taking): number | null {
  return taking.sinceMs === null ? null : taking.sinceMs + durationMs(taking);
}

function hasExpired({ expiresAtMs }: Override, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function withoutTaking(value: Unsigned): Unsigned {
  const { taking: _taking, ...plain } = value;
  return plain;
}

function placeOf({ services }: Config, id: string): Placed | null {
  for (const [service, config] of Object.entries(services))
    for (const { origins } of Object.values(config.pools))
      for (const origin of origins) if (origin.id === id) return { service, config, weight: origin.weight };
  return null;
}

function partsOf(key: string): readonly [kind: string, id: string] {
  const at = key.indexOf("/");
  return [key.slice(0, at), key.slice(at + 1)];
}
