/** The request's body: kept when small enough to be sent again, streamed otherwise, and never longer than allowed. */
import type { Failure } from "./failure.ts";

export interface OutboundBody {
  /** Gives the body for the next attempt; a streamed one only once. */
  next(): BodyInit | null;
  /** True if every attempt can have it. */
  readonly replayable: boolean;
  /** What was wrong with the client's end of the upload, once something is. */
  readonly fault: Failure | null;
}

/**
 * @param declared  the value of `Content-Length`, checked before; null when there is none
 * @param keepBytes bodies up to this size are read at once and kept, so that they can be sent again
 * @param maxBytes  longest body allowed, bytes
 */
export async function outboundBody(
  request: Request,
  declared: string | null,
  keepBytes: number,
  maxBytes: number,
): Promise<OutboundBody> {
  if (request.body === null) return { next: () => null, replayable: true, fault: null };
  if (declared === null) return counted(request.body, maxBytes);
  if (Number(declared) > keepBytes) return { next: () => request.body, replayable: false, fault: null };
  return kept(request);
}

async function kept(request: Request): Promise<OutboundBody> {
  try {
    const bytes = await request.arrayBuffer();
    return { next: () => bytes, replayable: true, fault: null };
  } catch {
    return { next: () => null, replayable: false, fault: brokenUpload };
  }
}

/** A body of undeclared length has to be counted as it passes; that also tells a client's broken upload from an origin's. */
function counted(body: ReadableStream<Uint8Array>, maxBytes: number): OutboundBody {
  let passed = 0;
  let fault: Failure | null = null;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      passed += chunk.byteLength;
      if (passed <= maxBytes) return controller.enqueue(chunk);
      fault = { kind: "body-too-large", limitBytes: maxBytes };
      throw new Error("The request body is longer than the service allows");
    },
  });
  return {
    next: () => {
      const reader = body.getReader();
      const writer = counter.writable.getWriter();
      void pump(reader, writer, () => (fault ??= brokenUpload));
      return counter.readable;
    },
    replayable: false,
    get fault() {
      return fault;
    },
  };
}

const brokenUpload: Failure = { kind: "bad-request", detail: "The request body ended early or was malformed." };

/** Moves an upload along; a failure to read is the client's, a failure to write the other side's. */
async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  onReadFailure: () => void,
): Promise<void> {
  for (;;) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch (error) {
      onReadFailure();
      await writer.abort(error).catch(() => undefined);
      return;
    }
    try {
      if (chunk.done) return await writer.close();
      await writer.write(chunk.value);
    } catch (error) {
      await reader.cancel(error).catch(() => undefined);
      return;
    }
  }
}
