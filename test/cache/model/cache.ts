/** An isolate's cache as the model plays it: the real rules of judging, merging and keeping, moved by virtual time. */
import type { Isolate } from "../../agreement/model/actors.ts";
import { policyOf, type Policy } from "../../../src/cache/freshness.ts";
import { compileKey } from "../../../src/cache/key.ts";
import { MemoryStore, type MemoryEntry } from "../../../src/cache/memory-store.ts";
import { PurgeIndex } from "../../../src/cache/purge-index.ts";
import { purgeVerdict, type PurgeVerdict } from "../../../src/cache/purge.ts";
import { judgeReuse, mayServeOnError } from "../../../src/cache/reuse.ts";
import type { StoredResponse } from "../../../src/cache/stored-response.ts";
import { updated } from "../../../src/cache/update.ts";
import { fieldOf } from "../../../src/cache/fields.ts";
import { requestDirectives } from "../../../src/cache/cache-control.ts";
import { rule } from "../support.ts";
import type { Thing } from "./origin.ts";
import type { CacheRules } from "./rules.ts";

const RULE = rule();
const KEY = compileKey("s", RULE.key);
const NO_WISHES = requestDirectives(null, null);
/** A dozen things and their bodies fit. */
const MEMORY_BYTES = 40_000;

interface Derived {
  readonly policy: Policy;
  clearedAt: number;
}
type Entry = MemoryEntry<Derived>;

/** What a data centre has, for all isolates in it. */
export type DataCentre = Map<number, StoredResponse>;

/** How a read ended; `version` null: with an error. */
export interface Read {
  readonly version: number | null;
  readonly from: "store" | "confirmed" | "waited" | "origin" | "rescued";
}

/** A wait of so many ms, or until a fetch has landed. */
type Wait = number | { readonly landed: Flight };

interface Flight {
  entry: Entry | null;
  readonly waiters: (() => void)[];
}

export class ModelCache {
  readonly isolate: Isolate;
  readonly dataCentre: DataCentre;
  readonly rules: CacheRules;
  readonly #memory = new MemoryStore<Derived>(MEMORY_BYTES, 65_536);
  readonly #flights = new Map<number, Flight>();
  /** By service, kept up as an isolate keeps them. */
  readonly #indexes = new Map<string, PurgeIndex>();

  constructor(isolate: Isolate, dataCentre: DataCentre, rules: CacheRules) {
    this.isolate = isolate;
    this.dataCentre = dataCentre;
    this.rules = rules;
  }

  /** Begins a read; `done` hears how it ended, unless the isolate dies before. */
  read(thing: Thing, done: (read: Read) => void): void {
    this.#run(this.#read(thing), done);
  }

  #run<T>(steps: Generator<Wait, T, void>, done: (value: T) => void): void {
    const { value, done: isDone } = steps.next();
    if (isDone === true) return done(value);
    const goOn = () => this.#run(steps, done);
    if (typeof value === "number") this.isolate.after(value, goOn);
    else value.landed.waiters.push(goOn);
  }

  /** The steps of src/proxy/through-cache.ts, in their order. */
  *#read(thing: Thing): Generator<Wait, Read, void> {
    const onReceipt =
      this.rules.judgedBy === "now" ? null : this.#upToNow(new PurgeIndex(thing.service, (target) => target));
    let mayServe = this.rules.mayServeStored(this.#holdsLease());
    if (!mayServe) {
      yield 300;
      mayServe = this.rules.mayServeStored(this.#holdsLease());
    }
    if (!mayServe) return yield* this.#fetch(thing, null, null);

    let found = this.#memory.find(keyOf(thing), noField);
    let served = found === null ? null : this.#serve(thing, found, onReceipt ?? this.#purges(thing));
    if (served !== null) return served;
    if (!this.#flights.has(thing.index)) {
      yield this.#trip(3);
      found = this.#better(thing, found);
      served = found === null ? null : this.#serve(thing, found, onReceipt ?? this.#purges(thing));
      if (served !== null) return served;
    }
    const isGone = found !== null && this.#verdict(found, this.#purges(thing)) === "hard" && !this.rules.rescuesPurged;
    const candidate = isGone ? null : found;

    const underWay = this.#flights.get(thing.index);
    if (underWay === undefined) {
      const flight = { entry: null, waiters: [] };
      this.#flights.set(thing.index, flight);
      return yield* this.#fetch(thing, candidate, flight);
    }
    yield { landed: underWay };
    const { entry } = underWay;
    const isGood =
      entry !== null && (!this.rules.followersJudge || this.#verdict(entry, this.#purges(thing)) === "fresh");
    return isGood ? { version: versionOf(entry), from: "waited" } : yield* this.#fetch(thing, candidate, null);
  }

  #serve(thing: Thing, entry: Entry, purges: PurgeIndex): Read | null {
    const verdict = this.#verdict(entry, purges);
    if (verdict === "hard") return null;
    const reuse = judgeReuse(entry.derived.policy, NO_WISHES, verdict === "soft", this.isolate.wallMs());
    if (reuse.kind === "validate") return null;
    if (reuse.kind === "serve-and-refresh" && !this.#flights.has(thing.index)) {
      const flight = { entry: null, waiters: [] };
      this.#flights.set(thing.index, flight);
      this.#run(this.#fetch(thing, entry, flight), () => undefined);
    }
    return { version: versionOf(entry), from: "store" };
  }

  /** The later of what is in memory and what the data centre has. */
  #better(thing: Thing, found: Entry | null): Entry | null {
    const stored = this.dataCentre.get(thing.index);
    if (stored === undefined || (found !== null && found.stored.times.responseMs >= stored.times.responseMs))
      return found;
    return this.#keepHere(thing, stored);
  }

  /** Asks the origin; `flight` null: nobody may wait for it. */
  *#fetch(thing: Thing, candidate: Entry | null, flight: Flight | null): Generator<Wait, Read, void> {
    const { random } = this.isolate.world;
    const begunUnder = this.#purges(thing).head;
    const requestMs = this.isolate.wallMs();
    yield this.#trip(30);
    const { version } = thing;
    const fails = random() < 0.05;
    yield this.#trip(30);
    const arrivedUnder = this.#purges(thing).head;
    const times = { requestMs, responseMs: this.isolate.wallMs() };
    if (fails) {
      this.#land(thing, flight, null);
      const isHard = candidate !== null && this.#verdict(candidate, this.#purges(thing)) === "hard";
      const isGood =
        candidate !== null &&
        mayServeOnError(candidate.derived.policy, isHard && !this.rules.rescuesPurged, this.isolate.wallMs());
      return isGood ? { version: versionOf(candidate), from: "rescued" } : { version: null, from: "origin" };
    }
    const isConfirmed = candidate !== null && versionOf(candidate) === version;
    const fields = [
      ["etag", `"${version}"`],
      ["cache-control", thing.cacheControl],
    ] as const;
    const stored = isConfirmed
      ? updated(candidate.stored, { fields, times, epoch: this.rules.epochOfConfirmation(begunUnder, arrivedUnder) })
      : {
          ...blank(thing),
          fields,
          times,
          epoch: this.rules.epochOfAnswer(begunUnder, arrivedUnder),
        };
    const entry = this.#keepHere(thing, stored);
    this.isolate.after(this.#trip(5), () => this.dataCentre.set(thing.index, stored));
    this.#land(thing, flight, entry);
    return { version, from: isConfirmed ? "confirmed" : "origin" };
  }

  #land(thing: Thing, flight: Flight | null, entry: Entry | null): void {
    if (flight === null) return;
    flight.entry = entry;
    this.#flights.delete(thing.index);
    for (const waiter of flight.waiters) waiter();
  }

  #keepHere(thing: Thing, stored: StoredResponse): Entry {
    const derived = { policy: policyOf(stored, RULE), clearedAt: stored.epoch };
    const entry = { stored, body: new Uint8Array(2_000), derived };
    this.#memory.put(keyOf(thing), entry);
    return entry;
  }

  #verdict({ stored, derived }: Entry, purges: PurgeIndex): PurgeVerdict {
    if (derived.clearedAt >= purges.head) return "fresh";
    const verdict = purgeVerdict(stored, purges, derived.clearedAt);
    if (verdict === "fresh") derived.clearedAt = this.rules.asksAgain ? purges.head : Infinity;
    return verdict;
  }

  #purges({ service }: Thing): PurgeIndex {
    const index = this.#indexes.get(service) ?? new PurgeIndex(service, (target) => target);
    this.#indexes.set(service, index);
    return this.#upToNow(index);
  }

  #upToNow(index: PurgeIndex): PurgeIndex {
    index.update(this.isolate.view.logged.purges);
    return index;
  }

  #holdsLease(): boolean {
    return this.isolate.rules.holdsLease(this.isolate.view.lease, this.isolate.wallMs());
  }

  /** Now and then so long that a purge is confirmed meanwhile. */
  #trip(ms: number): number {
    const { random } = this.isolate.world;
    return ms * (0.5 + random()) * (random() < 0.03 ? 250 : 1);
  }
}

function keyOf({ url }: Thing) {
  return KEY({ url, field: noField, country: null });
}

function noField(): null {
  return null;
}

function versionOf({ stored }: Entry): number {
  return Number(fieldOf(stored.fields, "etag")!.slice(1, -1));
}

function blank({ target, tags }: Thing) {
  return {
    target,
    tags,
    status: 200,
    statusText: "OK",
    initialAge: null,
    selection: [],
    range: null,
    authorized: false,
    cookied: false,
  };
}
