/** The request's body: kept when small enough to be sent again, relayed otherwise, and never longer than allowed. */
import type { Deadline } from "./deadline.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import { BROKEN_UPLOAD, hasContent, readUpload, STALLED_UPLOAD } from "./upload.ts";

type Stream = ReadableStream<Uint8Array>;

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

/** Most requests', made once. */
const NO_BODY: OutboundBody = { next: () => null, carrier: null, replayable: true, fault: null };

/** @param keepBytes bodies up to this size are read at once and kept, so that they can be sent again */
export function outboundBody(exchange: Exchange, keepBytes: number): OutboundBody | Promise<OutboundBody> {
  const { request, fields, service } = exchange;
  const { body } = request;
  if (body === null) return NO_BODY;
  const { method } = request;
  const declared = fields.contentLength;
  const { maxBodyBytes } = service.config.limits;
  if (method === "GET" || method === "HEAD") return carried(exchange, body, Math.min(QUERY_BYTES, maxBodyBytes));
  if (declared === null || Number(declared) > keepBytes) return relayed(body, declared, maxBodyBytes);
  return kept(exchange, body, Number(declared));
}

async function kept(exchange: Exchange, body: Stream, sizeBytes: number): Promise<OutboundBody> {
  const upload = await readUpload(body, sizeBytes, exchange);
  if ("fault" in upload) return refused(upload.fault);
  const { bytes } = upload;
  return { next: () => bytes, carrier: null, replayable: true, fault: null };
}

function refused(fault: Failure): OutboundBody {
  return { next: () => null, carrier: null, replayable: false, fault };
}

/**
 * The content of a `GET` or `HEAD`: `fetch` throws for one unless it comes with the request that it arrived in, so that is
 * kept. It is read to its end first, because an upload that breaks later could not be told from an origin that fails.
 * Without a declared length the runtime would leave it out, and the origin would answer another question.
 */
async function carried(exchange: Exchange, body: Stream, maxBytes: number): Promise<OutboundBody> {
  const declared = exchange.fields.contentLength;
  if (declared === null) {
    const found = await hasContent(body, exchange);
    if (found === false) return NO_BODY;
    return refused(found === true ? { kind: "length-required" } : found);
  }
  const sizeBytes = Number(declared);
  if (sizeBytes > maxBytes) return refused({ kind: "body-too-large", limitBytes: maxBytes });
  if (sizeBytes === 0) return NO_BODY;
  const carrier = exchange.request.clone();
  const upload = await readUpload(exchange.request.body!, sizeBytes, exchange);
  if (!("fault" in upload)) return { next: () => null, carrier, replayable: true, fault: null };
  carrier.body?.cancel().catch(() => undefined);
  return refused(upload.fault);
}

/**
 * A body that is relayed rather than handed over: it is counted, a client's broken or stalled upload is told from an
 * origin's, and a slow but living upload is not mistaken for a silent origin. One that breaks aborts the attempt: closing or erroring
 * the relay instead would let the origin see a clean end and take part of an upload for the whole.
 */
function relayed(body: Stream, declared: string | null, maxBytes: number): OutboundBody {
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
