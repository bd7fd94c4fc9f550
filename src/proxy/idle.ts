/** A relay that gives a response body up when it stays silent too long. Costs a pass through the Worker. */
import { bodyLengthOf } from "./body-length.ts";
import { openRelay } from "./relay.ts";

/**
 * Passes a body on and breaks it off when nothing comes for `idleMs`.
 *
 * @param idleMs longest silence, ms
 */
export function relayWithIdleLimit(response: Response, idleMs: number): ReadableStream<Uint8Array> {
  const { readable, writable } = openRelay(bodyLengthOf(response));
  void pump(response.body!.getReader(), writable.getWriter(), idleMs);
  return readable;
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  idleMs: number,
): Promise<void> {
  try {
    for (;;) {
      const chunk = await withDeadline(reader.read(), idleMs);
      if (chunk.done) return await writer.close();
      await writer.write(chunk.value);
    }
  } catch (error) {
    // The other side may be gone already: both ends are told, and neither can do more about it.
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}

async function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`The response body was silent for ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
