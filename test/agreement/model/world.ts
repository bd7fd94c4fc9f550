/** Virtual time, a network that loses, delays, doubles and cuts, and machines whose clocks step. */

export interface Faults {
  /** Chance that a message is lost. */
  readonly loss: number;
  /** Chance that it arrives twice. */
  readonly double: number;
  /** Chance that it takes seconds instead of milliseconds. */
  readonly late: number;
}

export const NO_FAULTS: Faults = { loss: 0, double: 0, late: 0 };

export interface World {
  /** Real time, ms. */
  nowMs: number;
  readonly random: () => number;
  readonly faults: Faults;
  readonly queue: Queue;
  /** Pairs of machines that cannot reach each other, as `cutKey`. */
  readonly cuts: Set<string>;
}

export function newWorld(random: () => number, faults: Faults): World {
  return { nowMs: 0, random, faults, queue: new Queue(), cuts: new Set() };
}

/** A machine: its messages come and go, its timers fire, its wall clock steps, and it may die. */
export class Machine {
  readonly world: World;
  readonly place: string;
  readonly bornMs: number;
  isAlive = true;
  /** Wall clock minus real time, ms. */
  offsetMs = 0;

  constructor(world: World, place: string) {
    this.world = world;
    this.place = place;
    this.bornMs = world.nowMs;
  }

  wallMs(): number {
    return this.world.nowMs + this.offsetMs;
  }

  after(ms: number, run: () => void): void {
    this.world.queue.push(this.world.nowMs + ms, () => {
      if (this.isAlive) run();
    });
  }

  /** Sends to another machine; whether and how often `deliver` runs is up to the network. */
  send(to: Machine, deliver: () => void): void {
    const { world } = this;
    const copies = world.random() < world.faults.double ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (world.random() < world.faults.loss) continue;
      const isLate = world.random() < world.faults.late;
      const delayMs = isLate ? 1000 + world.random() * 9000 : 1 + world.random() * 60;
      world.queue.push(world.nowMs + delayMs, () => {
        if (to.isAlive && !world.cuts.has(cutKey(this.place, to.place))) deliver();
      });
    }
  }
}

export function cutKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Runs everything that is due until `untilMs`. */
export function runUntil(world: World, untilMs: number): void {
  for (;;) {
    const next = world.queue.peek();
    if (next === undefined || next.atMs > untilMs) break;
    world.queue.pop();
    world.nowMs = next.atMs;
    next.run();
  }
  world.nowMs = untilMs;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap by time; equal times in the order they came. */
class Queue {
  readonly #heap: Event[] = [];
  #order = 0;

  peek(): Event | undefined {
    return this.#heap[0];
  }

  push(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atMs, order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, event)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
