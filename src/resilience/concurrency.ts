/**
 * How many attempts an origin has waiting at once in this isolate: a bulkhead, with a queue for those beyond.
 *
 * Who waits is woken when a place comes free and then has to take it like anybody else: a request whose client has left
 * may never run again, and a place handed to it would be lost.
 */

export interface Bulkhead {
  active: number;
  /** Those who wait, longest first. */
  readonly waiting: (() => void)[];
}

export function emptyBulkhead(): Bulkhead {
  return { active: 0, waiting: [] };
}

/** Takes a place if there is one. */
export function enter(bulkhead: Bulkhead, max: number): boolean {
  if (bulkhead.active >= max) return false;
  bulkhead.active++;
  return true;
}

/** Gives a place back, and wakes whoever has waited longest. */
export function leave(bulkhead: Bulkhead): void {
  bulkhead.active--;
  bulkhead.waiting.shift()?.();
}

/**
 * Joins the queue.
 *
 * @param wake called once, when a place has come free
 * @returns how to leave the queue, or null when it is full
 */
export function queue(bulkhead: Bulkhead, maxWaiting: number, wake: () => void): (() => void) | null {
  if (bulkhead.waiting.length >= maxWaiting) return null;
  bulkhead.waiting.push(wake);
  return () => {
    const index = bulkhead.waiting.indexOf(wake);
    if (index !== -1) bulkhead.waiting.splice(index, 1);
  };
}
