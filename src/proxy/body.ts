/** The request's body: kept when small enough to be sent again, relayed otherwise, and never longer than allowed. */
import type { Deadline } from "./deadline.ts";
import type { Failure } from "./failure.ts";

export interface OutboundBody {
  /** Gives the body for the next attempt. A relayed one exists once, and moves the attempt's deadline while it moves. */
  next(deadline: Deadline): BodyInit | null;
  /** The request that the content of a `GET` or `HEAD` came with, to be sent again as a copy; null for all others. */
  readonly carrier: Request | null;
  /** True if every attempt can have it. */
  readonly replayable: boolean;
  /** What was wrong with the client's end of the upload, once something is. */
  readonly fault: Failure | null;
}

/** Bytes read from the client at a time. Smaller reads cost more passes through the Worker than the bytes are worth. */
const READ_BYTES = 65_536;

/** Longest content of a `GET` or `HEAD`, which is a query and no upload, bytes. */
const QUERY_BYTES = 65_536;

const BROKEN_UPLOAD: Failure = { kind: "bad-request", detail: "The request body ended early or was malformed." };

const STALLED_UPLOAD: Failure = { kind: "upload-timeout" };

/** Most requests', made once. */
const NO_BODY: OutboundBody = { next: () => null, carrier: null, replayable: true, fault: null };

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
  const { method } = request;
  if (method === "GET" || method === "HEAD") return carried(request, declared, Math.min(QUERY_BYTES, maxBytes));
  if (declared === null || Number(declared) > keepBytes) return relayed(body, declared, maxBytes);
  return kept(request);
}

async function kept(request: Request): Promise<OutboundBody> {
  try {
    const bytes = await request.arrayBuffer();
    return { next: () => bytes, carrier: null, replayable: true, fault: null };
  } catch {
    return refused(BROKEN_UPLOAD);
  }
}

function refused(fault: Failure): OutboundBody {
  return { next: () => null, carrier: null, replayable: false, fault };
}

/**
 * The content of a `GET` or `HEAD`: `fetch` throws for one unless it comes with the request that it arrived in, so that is
 * kept. It is read to its end first, because an upload that breaks later could not be told from an origin that fails.
 * Without a declared length the runtime would leave it out, and the origin would answer another question.
 */
async function carried(request: Request, declared: string | null, maxBytes: number): Promise<OutboundBody> {
  if (Number(declared) > maxBytes) return refused({ kind: "body-too-large", limitBytes: maxBytes });
  try {
    if (declared === null) return (await isEmpty(request.body!)) ? NO_BODY : refused({ kind: "length-required" });
    const carrier = request.clone();
    const { byteLength } = await request.arrayBuffer();
    return byteLength === 0 ? NO_BODY : { next: () => null, carrier, replayable: true, fault: null };
  } catch {
    return refused(BROKEN_UPLOAD);
  }
}

async function isEmpty(body: ReadableStream<Uint8Array>): Promise<boolean> {
  for await (const chunk of body) if (chunk.byteLength > 0) return false;
  return true;
}

/**
 * A body that is relayed rather than handed over: it is counted, a client's broken or stalled upload is told from an
 * origin's, and a slow but living upload is not mistaken for a silent origin. One that breaks aborts the attempt: closing or erroring
 * the relay instead would let the origin see a clean end and take part of an upload for the whole.
 */
function relayed(body: ReadableStream<Uint8Array>, declared: string | null, maxBytes: number): OutboundBody {
  let fault: Failure | null = null;
  const waiting = { forClient: false };
  return {
    carrier: null,
    next(deadline) {
      const relay = declared === null ? new IdentityTransformStream() : new FixedLengthStream(Number(declared));
      const breakOff = (reason: Failure): void => {
        fault = reason;
        deadline.abort();
      };
      // Time that runs out while it is the client's turn says nothing of the origin.
      deadline.signal.addEventListener("abort", () => {
        if (waiting.forClient) fault ??= STALLED_UPLOAD;
      });
      void pump({ body, writable: relay.writable, maxBytes, deadline, breakOff, waiting });
      return relay.readable;
    },
    replayable: false,
    get fault() {
      return fault;
    },
  };
}

interface Relay {
  readonly body: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly maxBytes: number;
  readonly deadline: Deadline;
  readonly breakOff: (reason: Failure) => void;
  /** Whose turn it is: the client's to send, or the origin's to take. */
  readonly waiting: { forClient: boolean };
}

async function pump({ body, writable, maxBytes, deadline, breakOff, waiting }: Relay): Promise<void> {
  const reader = body.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  let passedBytes = 0;
  for (;;) {
    let chunk;
    waiting.forClient = true;
    try {
      chunk = await reader.read(new Uint8Array(READ_BYTES));
    } catch {
      return breakOff(BROKEN_UPLOAD);
    }
    waiting.forClient = false;
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
