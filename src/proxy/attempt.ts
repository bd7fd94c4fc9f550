/** One try at one origin: sent, waited for at most so long, and judged. */
import { failureOfStatus, type FailureKind } from "../resilience/retry.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { OutboundBody } from "./body.ts";
import { fixedDeadline, movableDeadline, type Deadline } from "./deadline.ts";
import type { Target } from "./plan.ts";

/** How an attempt ended. `ignored`: it says nothing of the origin (the client's upload broke). */
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
  readonly body: OutboundBody;
  /** Longest wait for the response head, ms; while an upload moves, counted from its last movement. Bodies run on. */
  readonly deadlineMs: number;
  /** True if the answer's body will be read here rather than passed on. */
  readonly readsBody: boolean;
  /** Gives the attempt up: it says nothing of the origin then. null: nobody will. */
  readonly cancel: AbortSignal | null;
}

/** How long a message may wait: in the cheap way, unless its upload is watched, its answer read here, or it may be given up. */
export function deadlineOf({ body, readsBody, cancel, deadlineMs }: Message): Deadline {
  if (body.replayable && !readsBody && cancel === null) return fixedDeadline(deadlineMs);
  const deadline = movableDeadline(deadlineMs);
  cancel?.addEventListener("abort", () => deadline.abort());
  return deadline;
}

/**
 * Sends a request to an origin.
 *
 * Redirects are handed back and the platform's own cache is kept out of the way.
 *
 * @param deadline stopped by the caller once the promise has settled
 * @returns rejects when no answer came, whatever the reason
 */
export function send(target: Target, { method, url, headers, body }: Message, deadline: Deadline): Promise<Response> {
  try {
    const init = {
      method,
      headers,
      body: body.next(deadline),
      redirect: "manual",
      cache: "no-store",
      // Bodies pass byte for byte, also where they are read on their way.
      encodeResponseBody: "manual",
      signal: deadline.signal,
    } as const;
    return target.fetcher.fetch(url, body.carrier === null ? init : carriedBy(body.carrier, init));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** A copy of a request that takes everything but its method and its body from `init`. */
function carriedBy(carrier: Request, { method: _method, body: _body, ...init }: RequestInit): Request {
  return new Request(carrier.clone(), init);
}

/** What it means that no answer came. */
export function judgeSilence({ body, cancel }: Message, deadline: Deadline): Outcome {
  if (body.fault !== null || cancel?.aborted === true) return { kind: "ignored" };
  return { kind: "failure", failure: deadline.signal.aborted ? "timeout" : "connection", response: null };
}

/**
 * Judges an answer by its status. One that cannot be answered with is a bad response: under 200 (unless a WebSocket's
 * 101) because the runtime hands an origin's interim response back as if it were the final one, and over 599 because no
 * response can be made of it.
 */
export function judge(response: Response): Outcome {
  const { status } = response;
  const isWebSocket = status === 101 && response.webSocket !== null;
  if ((status < 200 && !isWebSocket) || status > 599) {
    discard(response);
    return { kind: "failure", failure: "bad-response", response: null };
  }
  const failure = failureOfStatus(status);
  return failure === null ? { kind: "success", response } : { kind: "failure", failure, response };
}

/** Lets go of an answer nobody will read, so that its connection is free again. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}
