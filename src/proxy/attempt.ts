/** One try at one origin: sent, waited for at most so long, and judged. */
import { failureOfStatus, type FailureKind } from "../resilience/retry.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { Target } from "./plan.ts";

/** How an attempt ended. `ignored`: nothing can be said of the origin (the client may have left). */
export type Outcome =
  | { readonly kind: "success"; readonly response: Response }
  | { readonly kind: "failure"; readonly failure: FailureKind; readonly response: Response | null }
  | { readonly kind: "ignored" };

/** What is remembered of an attempt for the answer's fields and for the report. */
export interface Attempt {
  readonly candidate: Candidate;
  /** ms until the response head, or until it was given up. */
  readonly durationMs: number;
  /** The status that came, or why none did. */
  readonly result: number | FailureKind | "ignored";
}

export interface Message {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: BodyInit | null;
  /** True if the body is the client's own stream: when it breaks, nobody knows whose end did. */
  readonly streamed: boolean;
  /** Longest wait for the response head, ms; bodies run on. */
  readonly deadlineMs: number;
  /** True if the answer's body will be read here rather than passed on. */
  readonly readsBody: boolean;
}

/**
 * Sends a request to an origin and judges what comes.
 *
 * Redirects are handed back, the platform's own cache is kept out of the way, and a status that cannot be answered with
 * is a bad response: under 200 (unless a WebSocket's 101) because the runtime hands an origin's interim response back as
 * if it were the final one, and over 599 because no response can be made of it.
 */
export async function attempt(target: Target, message: Message): Promise<Outcome> {
  const deadline = startDeadline(message);
  try {
    const response = await target.fetcher.fetch(message.url, {
      method: message.method,
      headers: message.headers,
      body: message.body,
      redirect: "manual",
      cache: "no-store",
      signal: deadline.signal,
    });
    return judge(response);
  } catch {
    if (deadline.signal.aborted) return { kind: "failure", failure: "timeout", response: null };
    if (message.streamed) return { kind: "ignored" };
    return { kind: "failure", failure: "connection", response: null };
  } finally {
    deadline.stop();
  }
}

/**
 * `AbortSignal.timeout` is the cheaper one, cannot be stopped, and does not touch a body that is passed on; a body read
 * here it would break off, so then the deadline is one that can be stopped.
 */
function startDeadline({ deadlineMs, readsBody }: Message): { signal: AbortSignal; stop(): void } {
  if (!readsBody) return { signal: AbortSignal.timeout(deadlineMs), stop: doNothing };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), deadlineMs);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

function doNothing(): void {}

function judge(response: Response): Outcome {
  const isWebSocket = response.status === 101 && response.webSocket !== null;
  if ((response.status < 200 && !isWebSocket) || response.status > 599) {
    discard(response);
    return { kind: "failure", failure: "bad-response", response: null };
  }
  const failure = failureOfStatus(response.status);
  return failure === null ? { kind: "success", response } : { kind: "failure", failure, response };
}

/** Lets go of an answer nobody will read, so that its connection is free again. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}
