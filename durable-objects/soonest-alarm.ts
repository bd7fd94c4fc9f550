/** The one alarm of a Durable Object that wants to be woken for several things: it is set for the soonest of them. */
import { logError } from "../src/telemetry/log.ts";
import { nextAlarmMs } from "./next-alarm.ts";

export class SoonestAlarm {
  readonly #storage: Pick<DurableObjectStorage, "setAlarm">;
  #setForMs = Infinity;
  #rangForMs = -Infinity;

  constructor(storage: Pick<DurableObjectStorage, "setAlarm">) {
    this.#storage = storage;
  }

  /** To be called when it rings, with what the platform says of it. */
  rings(info: AlarmInvocationInfo | undefined): void {
    this.#setForMs = Infinity;
    this.#rangForMs = info?.scheduledTime ?? -Infinity;
  }

  /** Sets it, unless it rings before that anyway: then it will find nothing to do, and is set again. Moving it is a row. */
  want(wantedMs: number, nowMs: number): void {
    const atMs = nextAlarmMs(wantedMs, nowMs, this.#rangForMs);
    if (atMs === Infinity || (this.#setForMs > nowMs && this.#setForMs <= atMs)) return;
    this.#setForMs = atMs;
    this.#storage.setAlarm(atMs).catch((error: unknown) => {
      this.#setForMs = Infinity;
      logError("alarm not set", error);
    });
  }
}
