/** A change of a logged section as it is asked for, made and remembered: each one is a numbered revision of its section. */
import type { HubName, LoggedDelta, LoggedSection, LoggedVersions, OriginId, Sections } from "./protocol.ts";
import type { Confirmation } from "./registry.ts";

/** One entry to write; `value` null removes it. A purge's epoch is set where it is written. */
export interface LogEntry<S extends LoggedSection = LoggedSection> {
  readonly key: string;
  readonly value: (S extends "purges" ? Omit<Sections[S], "epoch"> : Sections[S]) | null;
}

/** What is kept of a change beside its entries. No secrets: it is told to whoever may read. */
export interface ChangeNote {
  /** `token:ops`, `access:ann@example.com`, or `fairlead` for what time did. */
  readonly actor?: string;
  readonly reason?: string;
  readonly requestId?: string;
  /** Resource and verb: `instance.drain`, `cache.purge`. */
  readonly action?: string;
  /** What it was done to: `origin/eu1`, `service/shop`. */
  readonly target?: string;
  /** Content hash of the configuration that its author's isolate carried. */
  readonly base?: string;
}

/** One entry as it was and as it became; null: there was none, there is none. */
export interface EntryChange<Value = Sections[LoggedSection]> {
  readonly key: string;
  readonly before: Value | null;
  readonly after: Value | null;
}

/** A change that was made. */
export interface Revision {
  readonly section: LoggedSection;
  readonly version: number;
  /** ms since the epoch. */
  readonly atMs: number;
  readonly keys: readonly string[];
  readonly note: ChangeNote;
  /** What it changed. Purges are not undone, so theirs is empty and `keys` says what they were about. */
  readonly changes: readonly EntryChange[];
}

export interface AppendOptions {
  /** The section's version that the author went by: if it is another by now, nothing is changed. */
  readonly expected?: number;
  /** What the author has: the answer brings what is new since, its own change included. */
  readonly have?: LoggedVersions;
}

export interface AppendAnswer {
  /** False: the section was not at `expected`, and nothing was changed. */
  readonly accepted: boolean;
  /** The section's version now; for purges the epoch. To be given to `confirm`. */
  readonly version: number;
  readonly atMs: number;
  readonly changes: readonly EntryChange[];
  /** From `have`; empty without it. */
  readonly delta: LoggedDelta;
}

/** What stands in a section, and the version that made it so. */
export interface Standing<S extends LoggedSection> {
  readonly version: number;
  readonly entries: ReadonlyMap<string, Sections[S]>;
}

/** What the control plane's API asks of the ControlPlane object. */
export interface ControlPlaneForApi {
  append<S extends LoggedSection>(
    section: S,
    entries: readonly LogEntry<S>[],
    note: ChangeNote,
    options?: AppendOptions,
  ): Promise<AppendAnswer>;
  /** Waits until every isolate that holds a lease has a version, or `waitMs` have passed. */
  confirm(section: LoggedSection, version: number, waitMs: number): Promise<Confirmation>;
  standing<S extends LoggedSection>(section: S): Promise<Standing<S>>;
  /** Registered origins that say they are still there. @returns those of them that are registered with a heartbeat */
  heartbeat(origins: readonly OriginId[]): Promise<OriginId[]>;
  /** The newest first; only those below `before`. */
  changes(section: LoggedSection, limit: number, before?: number): Promise<Revision[]>;
  /** Hubs that may be granting leases. */
  hubs(): Promise<readonly { readonly hub: HubName }[]>;
}
