/** The rules that the model runs: the real ones, and looser ones that it must be able to tell from them. */
import * as hub from "../../../src/agreement/hub-state.ts";
import { noteHolder } from "../../../src/agreement/holders.ts";
import { holdsLease, takeLease } from "../../../src/agreement/lease.ts";
import * as registry from "../../../src/agreement/registry.ts";
import { LEASE_MS, TICK_MS } from "../../../src/agreement/timing.ts";
import * as view from "../../../src/agreement/view-state.ts";

export interface Rules {
  readonly beginSync: typeof view.beginSync;
  readonly takeAnswer: typeof view.takeAnswer;
  readonly holdsLease: typeof holdsLease;
  readonly startHub: typeof hub.startHub;
  readonly takeSync: typeof hub.takeSync;
  readonly answerSync: typeof hub.answerSync;
  readonly takeContact: typeof hub.takeContact;
  readonly hubConfirmation: typeof hub.hubConfirmation;
  readonly register: typeof registry.register;
  readonly confirmation: typeof registry.confirmation;
  /** Whether the isolate's timers fire. */
  readonly leaseTimers: boolean;
  /** How a machine that grants leases counts time. */
  readonly slowMs: (machine: { realAgeMs: number; wallMs: number }) => number;
}

export const REAL: Rules = {
  beginSync: view.beginSync,
  takeAnswer: view.takeAnswer,
  holdsLease,
  startHub: hub.startHub,
  takeSync: hub.takeSync,
  answerSync: hub.answerSync,
  takeContact: hub.takeContact,
  hubConfirmation: hub.hubConfirmation,
  register: registry.register,
  confirmation: registry.confirmation,
  leaseTimers: true,
  slowMs: ({ realAgeMs }) => Math.floor(realAgeMs / TICK_MS) * TICK_MS,
};

const noQuietTime: Rules["startHub"] = (identity, _leasesEndByMs, nowMs, slowMs) =>
  hub.startHub(identity, 0, nowMs, slowMs);

const replacedIsForgotten: Rules["register"] = (entries, entry, slowMs) => {
  const change = registry.register(entries, entry, slowMs);
  for (const [instance, { current }] of entries) if (!current) entries.delete(instance);
  return change;
};

/** Rules that come to mind first. Each lets an isolate decide by what was purged after everybody was told it was not. */
export const LOOSER: Readonly<Record<string, Partial<Rules>>> = {
  "a lease counted from an unanswered call": {
    beginSync(state, report, nowMs) {
      const request = view.beginSync(state, report, nowMs);
      takeLease(state.lease, state.call!, LEASE_MS, nowMs);
      return request;
    },
  },
  "a lease counted from its answer": {
    takeAnswer(state, call, answer, nowMs) {
      const { steps } = state.lease;
      const delta = view.takeAnswer(state, call, answer, nowMs);
      takeLease(state.lease, { sentMs: nowMs, steps, over: false }, answer.leaseMs, nowMs);
      return delta;
    },
    leaseTimers: false,
  },
  "a clock alone ends a lease, whatever it does": {
    holdsLease: ({ untilMs }, nowMs) => nowMs < untilMs,
    leaseTimers: false,
  },
  "confirmed when the hub has it": {
    hubConfirmation: (state, section, version) => {
      const complete = state.logged[section].version >= version;
      return { instance: state.instance, complete, effectiveWithinMs: complete ? 0 : Infinity };
    },
  },
  "confirmed when it was released": {
    answerSync(state, request, noted, nowMs) {
      const answer = hub.answerSync(state, request, noted, nowMs);
      const holder = state.holders.get(request.isolate);
      if (holder !== undefined) holder.have = answer.versions;
      return answer;
    },
  },
  "a holder is forgotten when its call ends": {
    answerSync(state, request, noted, nowMs) {
      state.holders.delete(request.isolate);
      return hub.answerSync(state, request, noted, nowMs);
    },
  },
  "a hub's clock that steps judges the leases of others": { slowMs: ({ wallMs }) => wallMs },
  "a hub that has just started does not wait": { startHub: noQuietTime, register: replacedIsForgotten },
  "a replaced instance is forgotten": { register: replacedIsForgotten },
  "a hub grants leases without the ControlPlane": {
    takeSync: (state, request, _nowMs, slowMs) =>
      noteHolder(state.holders, request.isolate, request.have, LEASE_MS, slowMs),
    answerSync: (state, request, noted, nowMs) => ({
      ...hub.answerSync(state, request, noted, nowMs),
      leaseMs: LEASE_MS,
    }),
  },
  "a hub that is not reached is not waited for": {
    confirmation(entries, answers, slowMs) {
      const reached = new Map([...entries].filter(([instance]) => answers.has(instance)));
      return registry.confirmation(reached, answers, slowMs);
    },
  },
};
