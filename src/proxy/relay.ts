/** Relays: pipes that a body goes through in the Worker, and how one is filled from another. */

export interface Relay {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Ends of the runtime's own relays that bodies are read from. */
const ends = new WeakSet<ReadableStream>();

/** @param length bytes of the body; where it is known, a body broken off is seen as such by the client. null: unknown */
export function openRelay(length: number | null): Relay {
  const relay: Relay = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  ends.add(relay.readable);
  return relay;
}

/**
 * Moves a body into a relay. The runtime cannot pipe one relay of its own into another ("Inter-TransformStream
 * ReadableStream.pipeTo() is not implemented"), and the client would wait for ever: between two, JavaScript moves the bytes.
 */
export function fill(writable: WritableStream<Uint8Array>, body: ReadableStream<Uint8Array>): Promise<void> {
  return (ends.has(body) ? body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()) : body).pipeTo(writable);
}
