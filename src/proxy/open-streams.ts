/** Counts what is still open at an origin after the head of its answer, where a policy goes by it and nowhere else. */
import type { SteeringConfig } from "../config/steering.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { OriginState } from "../steering/origin-state.ts";
import { watchBody } from "./watch-end.ts";

/**
 * A stream is counted for so long at most. A client that leaves while nothing comes, or that drops its WebSocket without
 * closing it, may never be noticed: the runtime drops what waits for it without a word (measured).
 */
const COUNTED_MS = 3_600_000;

/** When streams began and how to stop counting them, oldest first; ms since the epoch. */
type Counted = Map<() => void, number>;

const counted = new WeakMap<OriginState, Counted>();

/** Whether one of a service's policies asks how many streams are open: only then is it worth its price. */
export function asksForStreams({
  policy,
  within,
  rules,
}: Pick<SteeringConfig, "policy" | "within" | "rules">): boolean {
  return [policy, within, ...rules.map(({ then }) => then.policy)].includes("least-connections");
}

/** The answer, counted as a stream of its origin until its body has gone out. A WebSocket is counted where it is relayed. */
export function countBody(
  candidate: Candidate,
  response: Response,
  context: Pick<ExecutionContext, "waitUntil">,
): Response {
  return response.body === null ? response : watchBody(response, context, beginStream(candidate));
}

/** Counts one more stream. @returns ends it; calling it again changes nothing */
export function beginStream({ pool, origin }: Candidate): () => void {
  let streams = counted.get(origin);
  if (streams === undefined) counted.set(origin, (streams = new Map()));
  const nowMs = Date.now();
  dropOld(streams, nowMs);
  const end = () => {
    if (!streams.delete(end)) return;
    pool.openStreams--;
    origin.openStreams--;
  };
  streams.set(end, nowMs);
  pool.openStreams++;
  origin.openStreams++;
  return end;
}

function dropOld(streams: Counted, nowMs: number): void {
  for (const [end, beganMs] of streams) {
    if (nowMs - beganMs < COUNTED_MS) return;
    end();
  }
}
