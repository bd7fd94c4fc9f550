/** A hub's line to the ControlPlane: one contact at a time, its place in the registry, and when it has to call again. */
import { startHub, takeContact, type HubState } from "../src/agreement/hub-state.ts";
import { endLease, sendCall, timeIsUp } from "../src/agreement/lease.ts";
import type { ContactAnswer, ControlPlaneForHubs } from "../src/agreement/protocol.ts";
import { ISOLATES_PER_HUB } from "../src/agreement/sharding.ts";
import {
  CONTACT_CROWDED_MS,
  CONTACT_EVERY_MS,
  CONTACT_LEASE_MS,
  CONTACT_RETRY_MS,
  CONTACT_TIMEOUT_MS,
} from "../src/agreement/timing.ts";
import { loggedVersions } from "../src/agreement/view-state.ts";
import { within } from "../src/within.ts";
import type { HubCounters } from "./hub-description.ts";

export interface ContactOptions {
  readonly controlPlane: () => ControlPlaneForHubs;
  readonly state: () => HubState;
  /** The tick clock, ms. */
  readonly slowMs: () => number;
  readonly counters: HubCounters;
  /** Told when the state has taken an answer in. */
  readonly answered: (answer: ContactAnswer) => void;
}

export class HubContact {
  readonly #options: ContactOptions;
  #isRegistered = false;
  #underWay: Promise<void> | null = null;
  #leaseTimer: number | null = null;
  /** On the tick clock. */
  #calledMs = -Infinity;
  /** On the wall clock. */
  #failedMs = -Infinity;

  constructor(options: ContactOptions) {
    this.#options = options;
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  get isDue(): boolean {
    const isCrowded = this.#options.state().holders.size > ISOLATES_PER_HUB;
    return this.#options.slowMs() - this.#calledMs >= (isCrowded ? CONTACT_CROWDED_MS : CONTACT_EVERY_MS);
  }

  /** Contacts the ControlPlane; whoever asks meanwhile waits for the same call, and one that failed is not repeated at once. */
  once(): Promise<void> {
    const sinceFailureMs = Date.now() - this.#failedMs;
    if (sinceFailureMs >= 0 && sinceFailureMs < CONTACT_RETRY_MS) return Promise.resolve();
    this.#underWay ??= this.call().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  /** @param anew whether to be sent everything, whatever is here */
  async call(anew = false): Promise<void> {
    const { controlPlane, slowMs, counters, answered } = this.#options;
    const state = this.#options.state();
    const call = sendCall(state.registration, Date.now());
    const timer = setTimeout(() => timeIsUp(state.registration, call), CONTACT_LEASE_MS);
    this.#calledMs = slowMs();
    counters.contacts++;
    const { name, region, instance, logged, holders } = state;
    const contact = controlPlane().contact({
      hub: name,
      region,
      instance,
      register: !this.#isRegistered,
      have: anew ? null : loggedVersions(logged),
      isolates: holders.size,
    });
    try {
      const answer = await within(CONTACT_TIMEOUT_MS, contact);
      if (state !== this.#options.state()) return;
      takeContact(state, call, answer, Date.now());
      clearTimeout(this.#leaseTimer);
      this.#leaseTimer = timer;
      this.#isRegistered = true;
      answered(answer);
    } catch {
      clearTimeout(timer);
      counters.contactFailures++;
      this.#failedMs = Date.now();
    }
  }

  /**
   * Gives the place in the registry up: no lease has been out for a while, and nobody has to wait for this hub.
   *
   * @returns the hub's next state, under another instance name, and when the ControlPlane has been told
   */
  leave(): { state: HubState; told: Promise<void> } {
    const { name, region, instance, logged, origins, registration } = this.#options.state();
    endLease(registration);
    clearTimeout(this.#leaseTimer);
    this.#isRegistered = false;
    const identity = { name, region, instance: crypto.randomUUID() };
    const state = { ...startHub(identity, 0, Date.now(), this.#options.slowMs()), logged, origins };
    // If it does not arrive, the registry waits until the old name must have stopped.
    const told = this.#options
      .controlPlane()
      .leave(name, instance)
      .catch(() => undefined);
    return { state, told };
  }
}
