/** The request's body: kept when small enough to be sent again, relayed otherwise, and never longer than allowed. */
import type { Deadline } from "./deadline.ts";
import type { Failure } from "./failure.ts";

export interface OutboundBody {
  /** Gives the body for the next attempt. A relayed one exists once, and moves the attempt's deadline while it moves. */
  next(deadline: Deadline): BodyInit | null;
  /** True if every attempt can have it. */
  readonly replayable: boolean;
  /** What was wrong with the client's end of the upload, once something is. */
  readonly fault: Failure | null;
}

/** Bytes read from the client at a time. Smaller reads cost more passes through the Worker than the bytes are worth. */
const READ_BYTES = 65_536;

const BROKEN_UPLOAD: Failure = { kind: "bad-request", detail: "The request body ended early or was malformed." };

/** Most requests', made once. */
const NO_BODY: OutboundBody = { next: () => null, replayable: true, fault: null };

/**
 * @param declared  the value of `Content-Length`, checked before; null when there is none
 * @param keepBytes bodies up to this size are read at once and kept, so that they can be sent again
 * @param maxBytes  longest body allowed, bytes
 */
export function outboundBody(
  request: Request,
  declared: string | null,
  keepBytes: number,
  maxBytes: number,
): OutboundBody | Promise<OutboundBody> {
  const { body } = request;
  if (body === null) return NO_BODY;
  if (declared === null || Number(declared) > keepBytes) return relayed(body, declared, maxBytes);
  return kept(request);
}

async function kept(request: Request): Promise<OutboundBody> {
  try {
    const bytes = await request.arrayBuffer();
    return { next: () => bytes, replayable: true, fault: null };
  } catch {
    return { next: () => null, replayable: false, fault: BROKEN_UPLOAD };
  }
}

/**
 * A body that is relayed rather than handed over: it is counted, a client's broken upload is told from an origin's, and
 * a slow but living upload is not mistaken for a silent origin. One that breaks aborts the attempt: closing or erroring
 * the relay instead would let the origin see a clean end and take part of an upload for the whole.
 */
function relayed(body: ReadableStream<Uint8Array>, declared: string | null, maxBytes: number): OutboundBody {
  let fault: Failure | null = null;
  return {
    next(deadline) {
      const relay = declared === null ? new IdentityTransformStream() : new FixedLengthStream(Number(declared));
      const breakOff = (reason: Failure): void => {
        fault = reason;
        deadline.abort();
      };
      void pump(body, relay.writable, maxBytes, deadline, breakOff);
      return relay.readable;
    },
    replayable: false,
    get fault() {
      return fault;
    },
  };
}

async function pump(
  body: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  maxBytes: number,
  deadline: Deadline,
  breakOff: (reason: Failure) => void,
): Promise<void> {
  const reader = body.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  let passedBytes = 0;
  for (;;) {
    let chunk;
    try {
      chunk = await reader.read(new Uint8Array(READ_BYTES));
    } catch {
      return breakOff(BROKEN_UPLOAD);
    }
    passedBytes += chunk.value?.byteLength ?? 0;
    if (passedBytes > maxBytes) {
      breakOff({ kind: "body-too-large", limitBytes: maxBytes });
      return void reader.cancel().catch(() => undefined);
    }
    try {
      if (chunk.value !== undefined && chunk.value.byteLength > 0) await writer.write(chunk.value);
      deadline.extend();
      if (chunk.done) return await writer.close();
    } catch {
      // The origin's side is gone; the attempt says how. Nobody needs the rest of the upload.
      return void reader.cancel().catch(() => undefined);
    }
  }
}
