/** An isolate's side of the agreement: what it has, what it asks, and how it takes an answer in. */
import type { Region } from "../config/region.ts";
import { holdsLease, noLease, sendCall, takeLease, type Lease, type SentCall } from "./lease.ts";
import {
  LOGGED_SECTIONS,
  type IsolateId,
  type LoggedVersions,
  type OriginReading,
  type Report,
  type Sections,
  type SyncAnswer,
  type SyncRequest,
  type Versions,
  type ViewDelta,
} from "./protocol.ts";
import { applyDelta, emptySection, type SectionState } from "./section.ts";

export type LoggedState = { readonly [S in keyof LoggedVersions]: SectionState<Sections[S]> };

export interface ViewState {
  readonly isolate: IsolateId;
  readonly region: Region;
  /** Content hash of the bundled configuration. */
  readonly base: string;
  readonly logged: LoggedState;
  /** The hub instance that made `origins`; "" before the first answer. */
  hub: string;
  origins: SectionState<OriginReading>;
  readonly lease: Lease;
  /** The sync under way. */
  call: SentCall | null;
}

export function emptyLog(): LoggedState {
  return { overrides: emptySection(), purges: emptySection(), flags: emptySection(), sessions: emptySection() };
}

export function newView(isolate: IsolateId, region: Region, base: string): ViewState {
  return { isolate, region, base, logged: emptyLog(), hub: "", origins: emptySection(), lease: noLease(), call: null };
}

export function loggedVersions(logged: LoggedState): LoggedVersions {
  const { overrides, purges, flags, sessions } = logged;
  return {
    overrides: overrides.version,
    purges: purges.version,
    flags: flags.version,
    sessions: sessions.version,
  };
}

export function viewVersions(view: ViewState): Versions | null {
  if (view.hub === "") return null;
  return { ...loggedVersions(view.logged), base: view.base, hub: view.hub, origins: view.origins.version };
}

/** Begins a sync. One at a time: whatever answers an earlier one will not be taken. */
export function beginSync(view: ViewState, report: Report | null, nowMs: number): SyncRequest {
  view.call = sendCall(view.lease, nowMs);
  return {
    protocol: 1,
    isolate: view.isolate,
    region: view.region,
    have: viewVersions(view),
    report,
    lease: holdsLease(view.lease, nowMs),
  };
}

/**
 * Takes an answer in: what it brings first, then the lease, which promises that what it brought is here. Answers that
 * come twice, or after the call was given up, change nothing.
 *
 * @param call what `view.call` was when the sync began
 * @returns what was new, or null; if something was, one more sync has to tell the hub that it has arrived
 */
export function takeAnswer(view: ViewState, call: SentCall, answer: SyncAnswer, nowMs: number): ViewDelta | null {
  if (view.call !== call) return null;
  view.call = null;
  if (answer.versions.hub !== view.hub) {
    view.hub = answer.versions.hub;
    view.origins = emptySection();
  }
  const isNew = answer.delta !== null && applyView(view, answer.delta);
  if (hasAll(view, answer.versions)) takeLease(view.lease, call, answer.leaseMs, nowMs);
  return isNew ? answer.delta : null;
}

/** Gives up on the sync under way. */
export function abandonSync(view: ViewState): void {
  view.call = null;
}

/** Takes a logged delta in. @returns whether anything was new */
export function applyLogged(logged: LoggedState, delta: ViewDelta): boolean {
  let isNew = false;
  for (const section of LOGGED_SECTIONS) {
    const state = logged[section] as SectionState<unknown>;
    const part = delta[section];
    if (part === undefined) continue;
    const before = state.version;
    applyDelta(state, part);
    if (state.version !== before) isNew = true;
  }
  return isNew;
}

function applyView(view: ViewState, delta: ViewDelta): boolean {
  const isNew = applyLogged(view.logged, delta);
  if (delta.origins === undefined) return isNew;
  const before = view.origins.version;
  applyDelta(view.origins, delta.origins);
  return isNew || view.origins.version !== before;
}

/** A lease promises that the holder has what the hub had: without it there is none. */
function hasAll(view: ViewState, versions: Versions): boolean {
  // A hub of the release before knows fewer sections; of those it does not know it promises nothing.
  return LOGGED_SECTIONS.every((section) => view.logged[section].version >= (versions[section] ?? 0));
}
