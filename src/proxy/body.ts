/** The request's body: kept when small enough to be sent again, streamed otherwise, and never longer than allowed. */

/** Thrown into the upload when a body of undeclared length turns out to be too long. */
export class BodyTooLarge extends Error {
  constructor() {
    super("The request body is longer than the service allows");
    this.name = "BodyTooLarge";
  }
}

export interface OutboundBody {
  /** Gives the body for the next attempt; a streamed one only once. */
  next(): BodyInit | null;
  /** True if every attempt can have it. */
  readonly replayable: boolean;
  /** What ended the upload from our side, if anything did. */
  readonly fault: BodyTooLarge | null;
}

/**
 * @param keepBytes bodies up to this size are read at once and kept, so that they can be sent again
 * @param maxBytes  longest body allowed; a declared length has been checked before
 */
export async function outboundBody(request: Request, keepBytes: number, maxBytes: number): Promise<OutboundBody> {
  if (request.body === null) return { next: () => null, replayable: true, fault: null };
  const declared = request.headers.get("Content-Length");
  if (declared !== null && Number(declared) <= keepBytes) {
    const bytes = await request.arrayBuffer();
    return { next: () => bytes, replayable: true, fault: null };
  }
  if (declared !== null) return { next: () => request.body, replayable: false, fault: null };
  return counted(request.body, maxBytes);
}

/** A body of undeclared length has to be counted as it passes. */
function counted(body: ReadableStream<Uint8Array>, maxBytes: number): OutboundBody {
  let passed = 0;
  let fault: BodyTooLarge | null = null;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      passed += chunk.byteLength;
      if (passed <= maxBytes) return controller.enqueue(chunk);
      fault = new BodyTooLarge();
      controller.error(fault);
    },
  });
  return {
    next: () => body.pipeThrough(counter),
    replayable: false,
    get fault() {
      return fault;
    },
  };
}
