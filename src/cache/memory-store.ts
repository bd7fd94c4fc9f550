/** The store in an isolate's memory: small entries, least recently used out first, answers at once. */
import { fieldOf } from "./fields.ts";
import type { CacheKey } from "./key.ts";
import type { StoredResponse } from "./stored-response.ts";
import { selectionText, selects, type RequestField } from "./vary.ts";

/** An entry whose bytes are at hand. What is derived from it for serving hangs on it and dies with it. */
export interface MemoryEntry<Derived> {
  readonly stored: StoredResponse;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly derived: Derived;
}

interface Resource<Derived> {
  /** Newest first. */
  readonly variants: Variant<Derived>[];
  sizeBytes: number;
}

interface Variant<Derived> {
  readonly extras: string;
  readonly selection: string;
  readonly entry: MemoryEntry<Derived>;
  readonly sizeBytes: number;
}

/** More variants of one resource than this and the oldest goes: a `Vary` on something unique to a client is no cache. */
const MAX_VARIANTS = 32;
const OVERHEAD_BYTES = 512;

export class MemoryStore<Derived> {
  /** In order of use, the least recent first: a Map keeps its order of insertion. */
  readonly #resources = new Map<string, Resource<Derived>>();
  readonly #maxBytes: number;
  readonly #maxObjectBytes: number;
  #usedBytes = 0;

  /** @param maxBytes for everything together; @param maxObjectBytes for one body */
  constructor(maxBytes: number, maxObjectBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxObjectBytes = maxObjectBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The variant a request selects, or null. Parts of a representation are not found. */
  find(key: CacheKey, field: RequestField): MemoryEntry<Derived> | null {
    const resource = this.#resources.get(key.primary);
    if (resource === undefined) return null;
    for (const { extras, entry } of resource.variants) {
      if (entry.stored.range !== null || extras !== key.extras || !fits(entry.stored, field)) continue;
      this.#resources.delete(key.primary);
      this.#resources.set(key.primary, resource);
      return entry;
    }
    return null;
  }

  /** The parts a request selects, newest first. */
  parts(key: CacheKey, field: RequestField): MemoryEntry<Derived>[] {
    return this.variants(key).filter(({ stored }) => stored.range !== null && fits(stored, field));
  }

  /** All variants under a key's extras, newest first. */
  variants(key: CacheKey): MemoryEntry<Derived>[] {
    const resource = this.#resources.get(key.primary);
    return resource === undefined
      ? []
      : resource.variants.filter(({ extras }) => extras === key.extras).map(({ entry }) => entry);
  }

  /** Keeps an entry in place of the variant with the same selection, if it is small enough. */
  put(key: CacheKey, entry: MemoryEntry<Derived>): void {
    const resource = this.#resources.get(key.primary) ?? { variants: [], sizeBytes: 0 };
    const variant = { extras: key.extras, selection: variantOf(entry.stored), entry, sizeBytes: sizeOf(key, entry) };
    const before = resource.variants.findIndex(
      ({ extras, selection }) => extras === variant.extras && selection === variant.selection,
    );
    if (before !== -1) this.#forget(resource, before);
    if (entry.body.byteLength > this.#maxObjectBytes || variant.sizeBytes > this.#maxBytes) {
      if (resource.variants.length === 0) this.#resources.delete(key.primary);
      return;
    }
    resource.variants.unshift(variant);
    resource.sizeBytes += variant.sizeBytes;
    this.#usedBytes += variant.sizeBytes;
    if (resource.variants.length > MAX_VARIANTS) this.#forget(resource, resource.variants.length - 1);
    this.#resources.delete(key.primary);
    this.#resources.set(key.primary, resource);
    this.#makeRoom();
  }

  /** Drops all variants of a resource. */
  drop({ primary }: Pick<CacheKey, "primary">): void {
    const resource = this.#resources.get(primary);
    if (resource === undefined) return;
    this.#resources.delete(primary);
    this.#usedBytes -= resource.sizeBytes;
  }

  #forget(resource: Resource<Derived>, index: number): void {
    const [gone] = resource.variants.splice(index, 1);
    resource.sizeBytes -= gone!.sizeBytes;
    this.#usedBytes -= gone!.sizeBytes;
  }

  #makeRoom(): void {
    for (const [primary, resource] of this.#resources) {
      if (this.#usedBytes <= this.#maxBytes) return;
      // The last one is what has just come in: its oldest variants go before it does.
      while (this.#resources.size === 1 && resource.variants.length > 1 && this.#usedBytes > this.#maxBytes)
        this.#forget(resource, resource.variants.length - 1);
      if (this.#usedBytes > this.#maxBytes) this.drop({ primary });
    }
  }
}

function fits(stored: StoredResponse, field: RequestField): boolean {
  return stored.selection.length === 0 || selects(stored.selection, fieldOf(stored.fields, "content-language"), field);
}

/** A part of a representation is a variant beside the whole. */
function variantOf(stored: StoredResponse): string {
  const selection = selectionText(stored.selection);
  return stored.range === null ? selection : `${selection} part`;
}

function sizeOf(key: CacheKey, { body, stored }: MemoryEntry<unknown>): number {
  const fields = stored.fields.reduce((sum, [name, value]) => sum + name.length + value.length + 64, 0);
  return OVERHEAD_BYTES + body.byteLength + 2 * (key.primary.length + key.extras.length) + 2 * fields;
}
