/** Reads a request's body before an origin is asked, for as long as its client keeps sending. */
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";

export type UploadFault = Extract<Failure, { kind: "bad-request" | "upload-timeout" }>;

export const BROKEN_UPLOAD: UploadFault = {
  kind: "bad-request",
  detail: "The request body ended early or was malformed.",
};

export const STALLED_UPLOAD: UploadFault = { kind: "upload-timeout" };

/** A body that came whole, or what was wrong with the client's end of it. */
export type Upload = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly fault: UploadFault };

/** What is to be known of an exchange: how long it may take, and since when it does. */
type Timing = Pick<Exchange, "startedMs"> & {
  readonly service: { readonly config: Pick<Exchange["service"]["config"], "timeouts"> };
};

/**
 * Reads a body of known length to its end. A client that is silent for `timeouts.firstByteMs`, or so slow that no time would be
 * left to ask an origin, is not waited for any longer: drop by drop it could hold memory and a connection for ever.
 *
 * @param sizeBytes the value of `Content-Length`, checked before
 */
export async function readUpload(body: ReadableStream<Uint8Array>, sizeBytes: number, timing: Timing): Promise<Upload> {
  const reader = body.getReader({ mode: "byob" });
  let bytes = new Uint8Array(sizeBytes);
  for (let had = 0; had < sizeBytes;) {
    const came = await nextPiece(reader, bytes.subarray(had), timing);
    if ("kind" in came) return { fault: came };
    const { value } = came;
    if (value === undefined || value.byteLength === 0) return { fault: BROKEN_UPLOAD };
    had += value.byteLength;
    // The read took the buffer over and gives it back under another name.
    bytes = new Uint8Array(value.buffer, 0, sizeBytes);
  }
  return { bytes };
}

/** Whether a body of unknown length has content. What it has is not read, and not wanted any more. */
export async function hasContent(body: ReadableStream<Uint8Array>, timing: Timing): Promise<boolean | UploadFault> {
  const reader = body.getReader({ mode: "byob" });
  for (;;) {
    const came = await nextPiece(reader, new Uint8Array(1), timing);
    if ("kind" in came) return came;
    if (came.done) return false;
    if (came.value.byteLength > 0) {
      drop(reader);
      return true;
    }
  }
}

type Piece = Awaited<ReturnType<ReadableStreamBYOBReader["read"]>> & { readonly value?: Uint8Array<ArrayBuffer> };

async function nextPiece(
  reader: ReadableStreamBYOBReader,
  into: Uint8Array<ArrayBuffer>,
  timing: Timing,
): Promise<Piece | UploadFault> {
  const { promise: timeIsUp, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), patienceMs(timing));
  try {
    const came = await Promise.race([reader.read(into), timeIsUp]);
    if (came !== null) return came as Piece;
    drop(reader);
    return STALLED_UPLOAD;
  } catch {
    return BROKEN_UPLOAD;
  } finally {
    clearTimeout(timer);
  }
}

/** How long the next piece may take, ms: what comes in late must leave an origin time to answer, or it would be blamed for it. */
function patienceMs({ startedMs, service }: Timing): number {
  const { firstByteMs, totalMs } = service.config.timeouts;
  const wholeMs = Math.max(totalMs - firstByteMs, totalMs / 2);
  return Math.max(0, Math.min(firstByteMs, startedMs + wholeMs - Date.now()));
}

function drop(reader: ReadableStreamBYOBReader): void {
  reader.cancel().catch(() => undefined);
}
