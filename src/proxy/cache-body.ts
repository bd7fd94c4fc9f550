/** Bodies on their way into the store: passed on as they come, collected while small, cut for ranges. */
import { fill } from "./relay.ts";

/** What became of a body that was passed on. */
export type Passed =
  | { readonly kind: "collected"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** It came to its end; `storedBytes` null where the store did not get all of it. */
  | { readonly kind: "streamed"; readonly storedBytes: number | null }
  | { readonly kind: "broken" };

export interface Sinks {
  /** The client's; null for none, as in a refresh. */
  readonly client: WritableStream<Uint8Array> | null;
  /** Up to this many bytes are collected. */
  readonly collectBytes: number;
  /** Beyond this many bytes the store gets none of them. */
  readonly storeBytes: number;
  /** Called once when there are more; what it returns is written from the first byte on. */
  readonly overflow: () => WritableStream<Uint8Array> | null;
}

/**
 * Passes a body on. The slower of client and store sets the pace, so nothing piles up. A client that leaves does not end
 * it while others may want the bytes. Reading throws where the origin cut the body short; the client sees the cut.
 */
export async function passOn(body: ReadableStream<Uint8Array>, sinks: Sinks): Promise<Passed> {
  const reader = readerOf(body);
  const client = sinks.client === null ? null : new Sink(sinks.client);
  let store: Sink | null = null;
  let chunks: Uint8Array[] | null = [];
  let passedBytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      passedBytes += value.byteLength;
      const writes: Promise<void>[] = [];
      if (client !== null) writes.push(client.write(value));
      if (chunks === null) {
        if (passedBytes > sinks.storeBytes) await store?.abort(new RangeError("The body is too large to store"));
        if (store !== null) writes.push(store.write(value));
      } else {
        chunks.push(value.slice());
        if (passedBytes > sinks.collectBytes) {
          const writable = passedBytes > sinks.storeBytes ? null : sinks.overflow();
          store = writable === null ? null : new Sink(writable);
          if (store !== null) writes.push(...chunks.map((chunk) => store!.write(chunk)));
          chunks = null;
        }
      }
      await Promise.all(writes);
      const isWanted = chunks !== null || client?.isOpen === true || store?.isOpen === true;
      if (!isWanted) {
        await reader.cancel();
        return { kind: "broken" };
      }
      if (chunks === null && client?.isOpen === true && store?.isOpen !== true) {
        // Nobody here wants the rest: the runtime moves it without waking JavaScript for every piece.
        reader.release();
        await fill(client.handOver(), body);
        return { kind: "streamed", storedBytes: null };
      }
    }
  } catch (error) {
    await Promise.all([client?.abort(error), store?.abort(error)]);
    return { kind: "broken" };
  }
  await Promise.all([client?.close(), store?.close()]);
  return chunks === null
    ? { kind: "streamed", storedBytes: store?.isOpen === true ? passedBytes : null }
    : { kind: "collected", bytes: joined(chunks, passedBytes) };
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
  release(): void;
}

/** As much as there is at once is read at once; a reader without a buffer of its own gets 4 KiB at a time. */
const READ_BYTES = 65_536;

function readerOf(body: ReadableStream<Uint8Array>): Reader {
  try {
    const reader = body.getReader({ mode: "byob" });
    return {
      read: () => reader.read(new Uint8Array(READ_BYTES)),
      cancel: () => reader.cancel(),
      release: () => reader.releaseLock(),
    };
  } catch {
    // Not made of bytes by the runtime.
    const reader = body.getReader();
    return { read: () => reader.read(), cancel: () => reader.cancel(), release: () => reader.releaseLock() };
  }
}

/** One end of a body that is passed on: when it stops taking bytes, the other end goes on without it. */
class Sink {
  readonly #stream: WritableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  isOpen = true;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#stream = stream;
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => this.#leave());
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.isOpen) await this.#writer.write(chunk).catch(() => this.#leave());
  }

  async close(): Promise<void> {
    if (this.isOpen) await this.#writer.close().catch(() => this.#leave());
  }

  /** The stream itself, for whoever writes the rest. */
  handOver(): WritableStream<Uint8Array> {
    this.isOpen = false;
    this.#writer.releaseLock();
    return this.#stream;
  }

  async abort(reason: unknown): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.#writer.abort(reason).catch(() => undefined);
  }

  #leave(): void {
    this.isOpen = false;
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Part of a stream. */
export function slice(body: ReadableStream<Uint8Array>, offset: number, length: number): ReadableStream<Uint8Array> {
  let skip = offset;
  let left = length;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const start = Math.min(skip, chunk.byteLength);
        skip -= start;
        const piece = chunk.subarray(start, Math.min(chunk.byteLength, start + left));
        left -= piece.byteLength;
        if (piece.byteLength > 0) controller.enqueue(piece);
        if (left === 0) controller.terminate();
      },
    }),
  );
}
