/** The contract of a store behind the memory: the Cache API of a data centre keeps it, a regional tier may. */
import type { CacheKey } from "./key.ts";
import type { StoredResponse } from "./stored-response.ts";
import type { RequestField } from "./vary.ts";

/** A stored response with its bytes as a stream; `sizeBytes` null when it does not say. */
export interface StoredStream {
  readonly stored: StoredResponse;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly sizeBytes: number | null;
}

/** A body on its way. A stream cut short can look whole to a store, so it is told apart. */
export interface PassingBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Bytes in all once it has come to its end; null when it was cut short. */
  readonly whole: Promise<number | null>;
}

export interface CacheStore {
  /** The variant a request selects, or null. Never rejects: what cannot be read is missing. */
  find(key: CacheKey, field: RequestField): Promise<StoredStream | null>;
  /**
   * Keeps a response in place of the variant with the same selection. Never rejects.
   *
   * @param keepForMs how long it may be of use
   */
  put(
    key: CacheKey,
    stored: StoredResponse,
    body: Uint8Array<ArrayBuffer> | PassingBody,
    keepForMs: number,
  ): Promise<void>;
  /** Drops all variants of the key's resource, whatever the key's extras. */
  drop(key: Pick<CacheKey, "primary" | "target">): Promise<void>;
}
