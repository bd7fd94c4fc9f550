/**
 * The store of a data centre, on Cloudflare's Cache API.
 *
 * The API knows no purges by tag, no `Vary`, no stale answers and not every status, so it is used as a plain map: every
 * record is a synthetic 200 with a lifetime of our own, and what it really is travels in one field. A resource with
 * variants has an index in its place; the variants' addresses carry the index's generation, so dropping the index drops
 * them all. A body that came as a stream has an address of its own, and a record only once it has come whole.
 */
import type { CacheKey } from "./key.ts";
import type { CacheStore, PassingBody, StoredStream } from "./store.ts";
import type { StoredResponse } from "./stored-response.ts";
import { fieldOf } from "./fields.ts";
import { selectionOf, selectionText, selects, type RequestField } from "./vary.ts";

/** What is used of the Cache API. */
export type PlatformCache = Pick<Cache, "match" | "put" | "delete">;

const META = "Fairlead-Stored";
const INDEX = "Fairlead-Variants";
/** Where the body is and how long, in a record without it: `<name> <bytes>`. */
const BODY = "Fairlead-Body";

/** Fields longer than this together are not worth the risk of a refused `put`. */
const MAX_META_LENGTH = 24_576;
/** Different `Vary` fields of one resource that are looked for, the latest first. */
const MAX_VARY_LISTS = 4;

/** Which variants a resource may have. */
interface VariantIndex {
  readonly generation: string;
  readonly varies: readonly (readonly string[])[];
}

/** @param cache the platform's; asked for at each use, since tests and places have their own */
export function edgeStore(cache: () => PlatformCache | Promise<PlatformCache>): CacheStore {
  return {
    async find(key, field) {
      try {
        const open = await cache();
        const at = await open.match(await address(key, key.primary));
        if (at === undefined) return null;
        const index = indexOf(at);
        if (index === null) return key.extras === "" ? await selected(open, key, at, field) : null;
        for (const names of index.varies) {
          const variant = await open.match(await address(key, variantName(key, index, names, field)));
          const found = variant === undefined ? null : await selected(open, key, variant, field);
          if (found !== null) return found;
        }
        return null;
      } catch {
        return null;
      }
    },

    async put(key, stored, body, keepForMs) {
      try {
        const record = recordOf(stored, keepForMs);
        const open = await cache();
        if (body instanceof Uint8Array) return await putRecord(open, key, stored, new Response(body, record));
        const place = await putBody(open, key, body, keepForMs);
        if (place === null) return;
        record.headers.set(BODY, place);
        await putRecord(open, key, stored, new Response(null, record));
      } catch {
        // Too many fields, or the platform refused: there is one entry less.
        if (!(body instanceof Uint8Array)) await body.stream.cancel().catch(() => undefined);
      }
    },

    async drop(key) {
      try {
        const open = await cache();
        await open.delete(await address(key, key.primary));
      } catch {
        // Nothing there.
      }
    },
  };
}

/** Puts a record where lookups find it. */
async function putRecord(open: PlatformCache, key: CacheKey, stored: StoredResponse, record: Response): Promise<void> {
  const names = stored.selection.map(([name]) => name);
  const primary = await address(key, key.primary);
  if (names.length === 0 && key.extras === "") return open.put(primary, record);
  const known = await open.match(primary);
  const before = known === undefined ? null : indexOf(known);
  const index = withNames(before, names);
  const values = new Map(stored.selection);
  // The selection is normalised already, and normalising again changes nothing.
  const field = (name: string) => values.get(name) ?? null;
  await open.put(await address(key, variantName(key, index, names, field)), record);
  if (index !== before) await open.put(primary, packedIndex(index));
}

/** Puts a body at an address nobody knows yet. */
async function putBody(
  open: PlatformCache,
  key: CacheKey,
  body: PassingBody,
  keepForMs: number,
): Promise<string | null> {
  const name = crypto.randomUUID();
  const at = await address(key, name);
  await open.put(at, new Response(body.stream, { headers: storeHeaders(keepForMs) }));
  const sizeBytes = await body.whole;
  if (sizeBytes !== null) return `${name} ${sizeBytes}`;
  await open.delete(at);
  return null;
}

/** Under the Worker's own hostname, as the platform wants it; hashed, since URLs have a longest length. */
async function address(key: Pick<CacheKey, "target">, name: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return `https://${key.target.split(/[/?]/, 1)[0]!}/.fairlead-cache/${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function variantName(key: CacheKey, index: VariantIndex, names: readonly string[], field: RequestField): string {
  return `${key.primary} ${index.generation} ${key.extras} ${selectionText(selectionOf(names, field))}`;
}

function withNames(index: VariantIndex | null, names: readonly string[]): VariantIndex {
  if (index === null) return { generation: crypto.randomUUID(), varies: [names] };
  const text = names.join(",");
  if (index.varies[0]?.join(",") === text) return index;
  const others = index.varies.filter((list) => list.join(",") !== text);
  return { ...index, varies: [names, ...others].slice(0, MAX_VARY_LISTS) };
}

const INDEX_SECONDS = 31_536_000;

function packedIndex(index: VariantIndex): Response {
  return new Response(null, {
    headers: { "Cache-Control": `public, max-age=${INDEX_SECONDS}`, [INDEX]: encode(index) },
  });
}

/** Opaque to the platform: it must neither compress nor judge what is stored. */
function storeHeaders(keepForMs: number): Headers {
  return new Headers({
    "Cache-Control": `public, max-age=${Math.max(1, Math.ceil(keepForMs / 1000))}`,
    "Content-Type": "application/octet-stream",
  });
}

/** @throws RangeError when there is more to say than fits into a field */
function recordOf(stored: StoredResponse, keepForMs: number): { readonly headers: Headers } {
  const meta = encode(stored);
  if (meta.length > MAX_META_LENGTH) {
    throw new RangeError(`Expected fields of at most ${MAX_META_LENGTH} characters, got ${meta.length}`);
  }
  const headers = storeHeaders(keepForMs);
  headers.set(META, meta);
  return { headers };
}

async function selected(
  open: PlatformCache,
  key: CacheKey,
  record: Response,
  field: RequestField,
): Promise<StoredStream | null> {
  const meta = record.headers.get(META);
  if (meta === null) return null;
  const stored = decode(meta) as StoredResponse;
  if (!selects(stored.selection, fieldOf(stored.fields, "content-language"), field)) {
    await record.body?.cancel();
    return null;
  }
  const place = record.headers.get(BODY);
  if (place === null) {
    const length = record.headers.get("Content-Length");
    return { stored, body: record.body, sizeBytes: length === null ? null : Number(length) };
  }
  const [name = "", sizeBytes] = place.split(" ");
  const body = await open.match(await address(key, name));
  return body === undefined ? null : { stored, body: body.body, sizeBytes: Number(sizeBytes) };
}

function indexOf(response: Response): VariantIndex | null {
  const text = response.headers.get(INDEX);
  return text === null ? null : (decode(text) as VariantIndex);
}

/** Field values are bytes; JSON in ASCII passes everywhere. */
function encode(value: unknown): string {
  return encodeURIComponent(JSON.stringify(value).toWellFormed());
}

function decode(text: string): unknown {
  return JSON.parse(decodeURIComponent(text));
}
