/** Steady load from clients around the globe: each sends at its pace whether or not earlier answers have come, as the world does. */
import { send } from "./client.ts";
import type { Place } from "./places.ts";

/** One request as its client saw it. Times are ms since the load started. */
export interface LoadRecord {
  /** The client's city. */
  readonly city: string;
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  readonly status: number;
  /** Id of the origin that answered, as the origin itself says. */
  readonly originId: string | undefined;
  /** `Fairlead-Attempts`: each origin tried, with what came of it. */
  readonly attempts: string;
  /** What the client would call an error: nothing came, it was cut short, or it was not a 200. */
  readonly error: string | undefined;
}

export interface Load {
  /** In the order in which requests ended. */
  readonly records: readonly LoadRecord[];
  nowMs(): number;
  /** Sends no more, and waits for what is under way. */
  stop(): Promise<void>;
}

/** Starts the load. Clients take turns evenly, so that their requests do not come in bursts. */
export function startLoad(
  port: number,
  places: readonly Place[],
  requestsPerSecondEach: number,
  onRecord: (record: LoadRecord) => void = () => {},
): Load {
  const startedAt = performance.now();
  const nowMs = () => performance.now() - startedAt;
  const records: LoadRecord[] = [];
  const underWay = new Set<Promise<void>>();

  async function ask(place: Place): Promise<void> {
    const sentAtMs = nowMs();
    const answer = await send({ port, place, path: "/steady", timeoutMs: 30_000 });
    const originId = answer.error === undefined && answer.status === 200 ? idOf(answer.body) : undefined;
    const record: LoadRecord = {
      city: place.city,
      sentAtMs,
      endedAtMs: nowMs(),
      status: answer.status,
      originId,
      attempts: String(answer.headers["fairlead-attempts"] ?? ""),
      error:
        answer.error ??
        (answer.status !== 200
          ? `status ${answer.status}`
          : originId === undefined
            ? "not an origin's answer"
            : undefined),
    };
    records.push(record);
    onRecord(record);
  }

  let turn = 0;
  const timer = setInterval(
    () => {
      const asked = ask(places[turn++ % places.length]!);
      underWay.add(asked);
      void asked.finally(() => underWay.delete(asked));
    },
    1000 / (requestsPerSecondEach * places.length),
  );
  return {
    records,
    nowMs,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

function idOf(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
