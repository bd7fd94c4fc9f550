/** Isolates, hubs and the ControlPlane as the model plays them: the real rules, moved by virtual time and messages. */
import type { Region } from "../../../src/config/region.ts";
import type { HubState } from "../../../src/agreement/hub-state.ts";
import { lacksLogged, takeChange } from "../../../src/agreement/hub-state.ts";
import { sendCall, timeIsUp } from "../../../src/agreement/lease.ts";
import type {
  ConfirmAnswer,
  ContactAnswer,
  ContactRequest,
  LoggedChange,
  LoggedDelta,
  LoggedSection,
  SyncAnswer,
  SyncRequest,
} from "../../../src/agreement/protocol.ts";
import { LOGGED_SECTIONS } from "../../../src/agreement/protocol.ts";
import {
  forgetReplaced,
  renew,
  restoreRegistry,
  type Confirmation,
  type Registry,
} from "../../../src/agreement/registry.ts";
import { change, deltaSince, type SectionState } from "../../../src/agreement/section.ts";
import {
  COALESCE_MS,
  CONTACT_EVERY_MS,
  CONTACT_LEASE_MS,
  HOLD_MS,
  LEASE_MS,
  LEASES_END_STEP_MS,
  URGENT_MS,
} from "../../../src/agreement/timing.ts";
import {
  abandonSync,
  emptyLog,
  loggedVersions,
  newView,
  type LoggedState,
  type ViewState,
} from "../../../src/agreement/view-state.ts";
import type { Rules } from "./rules.ts";
import { Machine, type World } from "./world.ts";

const GIVE_UP_MS = HOLD_MS + 1500;
const RETRY_MS = 1000;

/** What the planet was told is complete: the versions no decision may be older than. */
export type Promised = Record<LoggedSection, number>;

export class Isolate extends Machine {
  readonly view: ViewState;
  readonly rules: Rules;
  readonly hubOf: (isolate: Isolate) => Hub;
  #hadTraffic = false;
  #retryAtMs = 0;

  constructor(world: World, region: Region, name: string, rules: Rules, hubOf: (isolate: Isolate) => Hub) {
    super(world, name);
    this.view = newView(name, region, "base");
    this.rules = rules;
    this.hubOf = hubOf;
  }

  /** A request: keeps the sync going and says whether it was decided by something older than was promised. */
  decide(promised: Promised): "no lease" | "good" | "stale" {
    this.#hadTraffic = true;
    if (this.view.call === null && this.world.nowMs >= this.#retryAtMs) this.sync();
    if (!this.rules.holdsLease(this.view.lease, this.wallMs())) return "no lease";
    const isStale = LOGGED_SECTIONS.some((section) => this.view.logged[section].version < promised[section]);
    return isStale ? "stale" : "good";
  }

  sync(): void {
    const request = this.rules.beginSync(this.view, null, this.wallMs());
    const call = this.view.call!;
    this.#hadTraffic = false;
    if (this.rules.leaseTimers) this.after(LEASE_MS, () => timeIsUp(this.view.lease, call));
    this.after(GIVE_UP_MS, () => {
      if (this.view.call !== call) return;
      abandonSync(this.view);
      this.#retryAtMs = this.world.nowMs + this.world.random() * RETRY_MS;
    });
    const hub = this.hubOf(this);
    this.send(hub, () =>
      hub.onSync(request, (answer) =>
        hub.send(this, () => {
          if (this.view.call !== call) return;
          const delta = this.rules.takeAnswer(this.view, call, answer, this.wallMs());
          if (delta !== null || this.#hadTraffic) this.sync();
        }),
      ),
    );
  }
}

interface Held {
  readonly request: SyncRequest;
  readonly noted: boolean;
  readonly answer: () => void;
}

/** What outlives a hub's instances. */
export interface HubStorage {
  leasesEndByMs: number;
  instances: number;
}

export class Hub extends Machine {
  readonly state: HubState;
  readonly rules: Rules;
  readonly storage: HubStorage;
  readonly control: () => Control;
  #isReady = false;
  #releasing = false;
  readonly #waiting: (() => void)[] = [];
  readonly #held = new Set<Held>();

  constructor(world: World, region: Region, rules: Rules, storage: HubStorage, control: () => Control) {
    super(world, region);
    this.rules = rules;
    this.storage = storage;
    this.control = control;
    // Machines differ in what time they think it is, but not by a lease.
    this.offsetMs = world.random() * 100;
    const instance = `${region}#${++storage.instances}`;
    const identity = { name: region, region, instance };
    this.state = rules.startHub(identity, storage.leasesEndByMs, this.wallMs(), this.slowMs());
    this.#contact(true);
    this.after(RETRY_MS, () => this.#ready());
  }

  slowMs(): number {
    return this.rules.slowMs({ realAgeMs: this.world.nowMs - this.bornMs, wallMs: this.wallMs() });
  }

  onSync(request: SyncRequest, reply: (answer: SyncAnswer) => void): void {
    if (!this.#isReady) {
      this.#waiting.push(() => this.onSync(request, reply));
      return;
    }
    this.rules.takeSync(this.state, request, this.wallMs(), this.slowMs());
    const noted = this.state.holders.has(request.isolate);
    if (noted && this.wallMs() + LEASE_MS > this.storage.leasesEndByMs)
      this.storage.leasesEndByMs = this.wallMs() + LEASE_MS + LEASES_END_STEP_MS;
    const held: Held = {
      request,
      noted,
      answer: () => {
        if (!this.#held.delete(held)) return;
        reply({
          protocol: 1,
          ...this.rules.answerSync(this.state, request, noted, this.wallMs()),
          holdMs: HOLD_MS,
          reportMs: HOLD_MS,
          urgentMs: URGENT_MS,
          shards: 1,
          traffic: { isolates: 0, retryRatio: {} },
        });
      },
    };
    this.#held.add(held);
    if (!request.lease || lacksLogged(this.state, request.have)) held.answer();
    else this.after(HOLD_MS, held.answer);
  }

  onPush(pushed: LoggedChange): number {
    const version = takeChange(this.state, pushed);
    this.#release();
    return version;
  }

  /** Answers when complete, or after a second. */
  onConfirm(section: LoggedSection, version: number, reply: (answer: ConfirmAnswer) => void, leftMs = 1000): void {
    const answer = this.rules.hubConfirmation(this.state, section, version, this.slowMs());
    if (answer.complete || leftMs <= 0) reply(answer);
    else this.after(50, () => this.onConfirm(section, version, reply, leftMs - 50));
  }

  #release(): void {
    if (this.#releasing) return;
    this.#releasing = true;
    this.after(COALESCE_MS, () => {
      this.#releasing = false;
      for (const held of this.#held) if (lacksLogged(this.state, held.request.have)) held.answer();
    });
  }

  #ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    for (const run of this.#waiting.splice(0)) run();
  }

  #contact(isFirst: boolean): void {
    const call = sendCall(this.state.registration, this.wallMs());
    let isAnswered = false;
    this.after(CONTACT_LEASE_MS, () => timeIsUp(this.state.registration, call));
    const control = this.control();
    const { name, region, instance, logged } = this.state;
    const have = loggedVersions(logged);
    this.send(control, () => {
      const answer = control.onContact({ hub: name, region, instance, register: isFirst, have, isolates: 0 });
      control.send(this, () => {
        isAnswered = true;
        this.rules.takeContact(this.state, call, answer, this.wallMs());
        this.#ready();
        this.#release();
      });
    });
    this.after(RETRY_MS, () => {
      if (!isAnswered) this.#contact(isFirst);
      else this.after(CONTACT_EVERY_MS - RETRY_MS, () => this.#contact(false));
    });
  }
}

/** What outlives the ControlPlane's instances. */
export interface ControlStorage {
  readonly logged: LoggedState;
  rows: Parameters<typeof restoreRegistry>[0];
}

export class Control extends Machine {
  readonly rules: Rules;
  readonly storage: ControlStorage;
  readonly registry: Registry;
  readonly hubNamed: (name: string) => Hub;

  constructor(world: World, rules: Rules, storage: ControlStorage, hubNamed: (name: string) => Hub) {
    super(world, "control");
    this.rules = rules;
    this.storage = storage;
    this.hubNamed = hubNamed;
    this.registry = restoreRegistry(storage.rows, this.slowMs());
    this.after(RETRY_MS, () => this.#pushAgain());
  }

  slowMs(): number {
    return this.rules.slowMs({ realAgeMs: this.world.nowMs - this.bornMs, wallMs: this.wallMs() });
  }

  onContact({ hub, region, instance, register, have }: ContactRequest): ContactAnswer {
    forgetReplaced(this.registry, this.slowMs());
    if (register) this.rules.register(this.registry, { instance, hub, region }, this.slowMs());
    this.storage.rows = [...this.registry.values()].map((row) => ({ ...row }));
    const delta: { -readonly [K in keyof LoggedDelta]: LoggedDelta[K] } = {};
    for (const section of LOGGED_SECTIONS) {
      const part = deltaSince(this.storage.logged[section] as SectionState<never>, have?.[section] ?? 0);
      if (part !== null) delta[section] = part;
    }
    return { registered: renew(this.registry, instance, this.slowMs()), delta, shards: 1 };
  }

  /** Appends and pushes. @returns the new version */
  append(section: LoggedSection, key: string): number {
    return this.write(section, [{ key, value: this.world.nowMs }]);
  }

  /** Appends several entries as one change. */
  write(section: LoggedSection, entries: readonly { readonly key: string; readonly value: unknown }[]): number {
    const { to } = change(this.storage.logged[section] as SectionState<unknown>, entries);
    this.#pushAll();
    return to;
  }

  #pushAll(): void {
    for (const entry of this.registry.values()) {
      const hub = this.hubNamed(entry.hub);
      for (const section of LOGGED_SECTIONS) {
        const delta = deltaSince(this.storage.logged[section] as SectionState<never>, entry.acknowledged[section]);
        if (delta === null) continue;
        this.send(hub, () => {
          const version = hub.onPush({ section, delta });
          hub.send(this, () => {
            if (hub.state.instance === entry.instance)
              entry.acknowledged = { ...entry.acknowledged, [section]: version };
          });
        });
      }
    }
  }

  #pushAgain(): void {
    this.#pushAll();
    this.after(RETRY_MS, () => this.#pushAgain());
  }

  /** Asks every registered hub until all leases have the version, or something restarts. */
  confirm(section: LoggedSection, version: number, done: (confirmation: Confirmation) => void): void {
    const answers = new Map<string, ConfirmAnswer>();
    const conclude = () => {
      forgetReplaced(this.registry, this.slowMs());
      const confirmation = this.rules.confirmation(this.registry, answers, this.slowMs());
      if (confirmation.complete) done(confirmation);
      else return false;
      return true;
    };
    let isDone = false;
    for (const entry of this.registry.values()) {
      const hub = this.hubNamed(entry.hub);
      this.send(hub, () =>
        hub.onConfirm(section, version, (answer) =>
          hub.send(this, () => {
            if (isDone) return;
            answers.set(answer.instance, answer);
            isDone = conclude();
          }),
        ),
      );
    }
    this.after(1500, () => {
      if (isDone || conclude()) return;
      isDone = true;
      this.confirm(section, version, done);
    });
  }
}

export function newControlStorage(): ControlStorage {
  return { logged: emptyLog(), rows: [] };
}
