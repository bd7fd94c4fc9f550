/** One try at one origin: sent, waited for at most so long, and judged. */
import { failureOfStatus, type FailureKind } from "../resilience/retry.ts";
import type { Candidate } from "../steering/candidates.ts";
import type { OutboundBody } from "./body.ts";
import { fixedDeadline, movableDeadline } from "./deadline.ts";
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

/**
 * Sends a request to an origin and judges what comes.
 *
 * Redirects are handed back, the platform's own cache is kept out of the way, and a status that cannot be answered with
 * is a bad response: under 200 (unless a WebSocket's 101) because the runtime hands an origin's interim response back as
 * if it were the final one, and over 599 because no response can be made of it.
 */
export async function attempt(target: Target, message: Message): Promise<Outcome> {
  const { body, deadlineMs } = message;
  const isFixed = body.replayable && !message.readsBody && message.cancel === null;
  const deadline = isFixed ? fixedDeadline(deadlineMs) : movableDeadline(deadlineMs);
  message.cancel?.addEventListener("abort", () => deadline.abort());
  try {
    const init = {
      method: message.method,
      headers: message.headers,
      body: body.next(deadline),
      redirect: "manual",
      cache: "no-store",
      // Bodies pass byte for byte, also where they are read on their way.
      encodeResponseBody: "manual",
      signal: deadline.signal,
    } as const;
    const sent = body.carrier === null ? init : carriedBy(body.carrier, init);
    return judge(await target.fetcher.fetch(message.url, sent));
  } catch {
    if (body.fault !== null || message.cancel?.aborted === true) return { kind: "ignored" };
    if (deadline.signal.aborted) return { kind: "failure", failure: "timeout", response: null };
    return { kind: "failure", failure: "connection", response: null };
  } finally {
    deadline.stop();
  }
}

/** A copy of a request that takes everything but its method and its body from `init`. */
function carriedBy(carrier: Request, { method: _method, body: _body, ...init }: RequestInit): Request {
  return new Request(carrier.clone(), init);
}

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
