/** A relay that gives a response body up when it stays silent too long. Costs a pass through the Worker. */

/**
 * Passes a body on and breaks it off when nothing comes for `idleMs`. A known length is kept, so that a body broken off
 * is seen as such by the client.
 *
 * @param idleMs longest silence, ms
 */
export function relayWithIdleLimit(response: Response, idleMs: number): ReadableStream<Uint8Array> {
  const length = response.headers.get("Content-Length");
  const { readable, writable } =
    length === null || !/^\d+$/.test(length)
      ? new TransformStream<Uint8Array, Uint8Array>()
      : new FixedLengthStream(Number(length));
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
