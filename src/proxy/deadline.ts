/** How long an attempt may wait for its response head. */

export interface Deadline {
  /** Aborts the attempt: because the time is up, or because `abort` was called. */
  readonly signal: AbortSignal;
  /** Begins the wait anew: something is still moving. */
  extend(): void;
  abort(): void;
  /** The head is here; what follows may take its time. */
  stop(): void;
}

/**
 * The cheap kind: cannot be moved or stopped, but it does not touch a body that is merely passed on.
 *
 * @param ms longest wait, ms
 */
export function fixedDeadline(ms: number): Deadline {
  return { signal: AbortSignal.timeout(ms), extend: doNothing, abort: doNothing, stop: doNothing };
}

/** The kind for attempts whose upload is watched or whose answer is read here, which a fixed one would break off. */
export function movableDeadline(ms: number): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  let timer = setTimeout(abort, ms);
  return {
    signal: controller.signal,
    abort,
    stop: () => clearTimeout(timer),
    extend() {
      clearTimeout(timer);
      timer = setTimeout(abort, ms);
    },
  };
}

function doNothing(): void {}
