import { describe, expect, it } from "vitest";
import {
  answerSync,
  hubConfirmation,
  lacksLogged,
  mayGrant,
  startHub,
  takeChange,
  takeContact,
  takeSync,
  type HubState,
} from "../../src/agreement/hub-state.ts";
import { sendCall } from "../../src/agreement/lease.ts";
import { change, emptySection, type SectionState } from "../../src/agreement/section.ts";
import type { PurgeMark } from "../../src/agreement/purge-mark.ts";
import { CONTACT_LEASE_MS, LEASE_MS, TICK_MS } from "../../src/agreement/timing.ts";
import { beginSync, newView, takeAnswer, type ViewState } from "../../src/agreement/view-state.ts";
import type { SyncAnswer } from "../../src/agreement/protocol.ts";
import { SOUND_READING } from "../support/reading.ts";

const MARK: PurgeMark = { kind: "tag", service: null, value: "news", soft: false, epoch: 1 };

function hub(leasesEndByMs = 0): HubState {
  return startHub({ name: "weur", region: "weur", instance: "hub-1" }, leasesEndByMs, 0, 0);
}

function registeredHub(leasesEndByMs = 0): HubState {
  const state = hub(leasesEndByMs);
  takeContact(state, sendCall(state.registration, 0), { registered: true, delta: {}, shards: 1 }, 10);
  return state;
}

function purge(state: HubState, log: SectionState<PurgeMark>): void {
  takeChange(state, { section: "purges", delta: change(log, [{ key: "news", value: MARK }]) });
}

/** A whole sync, without a trip. */
function sync(state: HubState, view: ViewState, nowMs: number): SyncAnswer {
  const request = beginSync(view, null, nowMs);
  const call = view.call!;
  takeSync(state, request, nowMs, nowMs);
  const answer: SyncAnswer = {
    protocol: 1,
    ...answerSync(state, request, true, nowMs),
    holdMs: 0,
    reportMs: 0,
    urgentMs: 0,
    shards: 1,
    traffic: { isolates: 1, retryRatio: {} },
  };
  takeAnswer(view, call, answer, nowMs);
  return answer;
}

describe("a hub", () => {
  it("grants no lease before the ControlPlane has answered it, nor 30 s after its last answered contact was sent", () => {
    const view = newView("isolate", "weur", "base");
    expect(sync(hub(), view, 0).leaseMs).toBe(0);
    const state = registeredHub();
    expect(sync(state, view, CONTACT_LEASE_MS - 1).leaseMs).toBe(LEASE_MS);
    expect(sync(state, view, CONTACT_LEASE_MS).leaseMs).toBe(0);
  });

  it("stops granting when another instance has its place", () => {
    const state = registeredHub();
    takeContact(state, sendCall(state.registration, 100), { registered: false, delta: {}, shards: 1 }, 110);
    expect(mayGrant(state, 120)).toBe(false);
  });

  it("confirms when every holder has come back with the version", () => {
    const state = registeredHub();
    const view = newView("isolate", "weur", "base");
    sync(state, view, 100);
    purge(state, emptySection());
    expect(hubConfirmation(state, "purges", 1, 200)).toMatchObject({ complete: false });
    sync(state, view, 300); // brings it
    expect(hubConfirmation(state, "purges", 1, 300)).toMatchObject({ complete: false });
    sync(state, view, 400); // says that it has arrived
    expect(hubConfirmation(state, "purges", 1, 400)).toMatchObject({ complete: true, effectiveWithinMs: 0 });
  });

  it("confirms when the lease of a holder that stays away has run out", () => {
    const state = registeredHub();
    sync(state, newView("isolate", "weur", "base"), 100);
    purge(state, emptySection());
    const endMs = 100 + LEASE_MS + TICK_MS;
    expect(hubConfirmation(state, "purges", 1, endMs - 1)).toMatchObject({ complete: false, effectiveWithinMs: 1 });
    expect(hubConfirmation(state, "purges", 1, endMs)).toMatchObject({ complete: true });
  });

  it("confirms nothing that it has not got itself", () => {
    expect(hubConfirmation(registeredHub(), "purges", 1, 0)).toMatchObject({
      complete: false,
      effectiveWithinMs: Infinity,
    });
  });

  it("waits one lease after a start, if the instance before may have granted one", () => {
    expect(hubConfirmation(registeredHub(1), "purges", 0, 0)).toMatchObject({
      complete: false,
      effectiveWithinMs: LEASE_MS + TICK_MS,
    });
    expect(hubConfirmation(registeredHub(0), "purges", 0, 0)).toMatchObject({ complete: true });
  });

  it("gives a caller that had another instance's origins all of its own", () => {
    const view = newView("isolate", "weur", "base");
    const state = registeredHub();
    change(state.origins, [{ key: "euw1", value: { ...SOUND_READING, breaker: "open" } }]);
    sync(state, view, 100);
    expect(view.origins.entries.get("euw1")?.value?.breaker).toBe("open");
    const next = startHub({ name: "weur", region: "weur", instance: "hub-2" }, 0, 200, 200);
    sync(next, view, 300);
    expect(view.hub).toBe("hub-2");
    expect(view.origins.entries.size).toBe(0);
  });

  it("knows what must not wait for the end of a hold", () => {
    const state = registeredHub();
    const view = newView("isolate", "weur", "base");
    sync(state, view, 100);
    expect(lacksLogged(state, beginSync(view, null, 200).have)).toBe(false);
    purge(state, emptySection());
    expect(lacksLogged(state, beginSync(view, null, 300).have)).toBe(true);
  });
});
