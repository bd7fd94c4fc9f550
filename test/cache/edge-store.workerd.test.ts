import { describe, expect, it } from "vitest";
import { edgeStore } from "../../src/cache/edge-store.ts";
import type { CacheKey } from "../../src/cache/key.ts";
import type { StoredResponse } from "../../src/cache/stored-response.ts";
import { fields, stored } from "./support.ts";

const store = edgeStore(() => caches.default);
const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
const newKey = (extras = ""): CacheKey => {
  const target = `${crypto.randomUUID()}.test/x`;
  return { primary: `s https ${target}`, target, extras };
};

async function found(key: CacheKey, request: Record<string, string> = {}): Promise<[string, StoredResponse] | null> {
  const stream = await store.find(key, fields(request));
  return stream === null ? null : [await new Response(stream.body).text(), stream.stored];
}

describe("the data centre's store", () => {
  it("gives back what was put, whatever its status", async () => {
    const key = newKey();
    const response = stored({ "x-a": "\u00fc" }, { status: 503, statusText: "Down", tags: ["t"], epoch: 4 });
    await store.put(key, response, bytes("body"), 60_000);
    expect(await found(key)).toEqual(["body", response]);
  });

  it("keeps variants apart, and extras", async () => {
    const key = newKey();
    const variant = (value: string) => stored({}, { selection: [["a", value]] });
    await store.put(key, variant("1"), bytes("one"), 60_000);
    await store.put(key, variant("2"), bytes("two"), 60_000);
    expect((await found(key, { a: "1" }))?.[0]).toBe("one");
    expect((await found(key, { a: "2" }))?.[0]).toBe("two");
    expect(await found(key, { a: "3" })).toBeNull();
    expect(await found({ ...key, extras: "country=DE" }, { a: "1" })).toBeNull();
  });

  it("finds variants by the fields they were stored with after the resource has changed its Vary", async () => {
    const key = newKey();
    await store.put(key, stored({}, { selection: [["a", "1"]] }), bytes("one"), 60_000);
    await store.put(key, stored({}, { selection: [["b", "1"]] }), bytes("two"), 60_000);
    expect((await found(key, { a: "1", b: "2" }))?.[0]).toBe("one");
    expect((await found(key, { a: "2", b: "1" }))?.[0]).toBe("two");
  });

  it("drops all variants at once", async () => {
    const key = newKey("country=DE");
    await store.put(key, stored({}, { selection: [["a", "1"]] }), bytes("one"), 60_000);
    await store.put({ ...key, extras: "country=FR" }, stored(), bytes("two"), 60_000);
    await store.drop(key);
    expect(await found(key, { a: "1" })).toBeNull();
    await store.put({ ...key, extras: "country=FR" }, stored(), bytes("three"), 60_000);
    expect(await found(key, { a: "1" })).toBeNull();
    expect((await found({ ...key, extras: "country=FR" }))?.[0]).toBe("three");
  });

  it("keeps nothing of a stream that breaks", async () => {
    const key = newKey();
    const { readable, writable } = new IdentityTransformStream();
    const putting = store.put(key, stored(), { stream: readable, whole: Promise.resolve(null) }, 60_000);
    const writer = writable.getWriter();
    await writer.write(bytes("half"));
    await writer.abort(new Error("cut"));
    await putting;
    expect(await found(key)).toBeNull();
  });

  it("keeps a stream with its length once it has come whole", async () => {
    const key = newKey();
    const stream = new Blob(["streamed"]).stream();
    await store.put(key, stored(), { stream, whole: Promise.resolve(8) }, 60_000);
    const kept = await store.find(key, fields({}));
    expect([kept?.sizeBytes, await new Response(kept?.body).text()]).toEqual([8, "streamed"]);
  });

  it("takes what cannot be stored as a loss, not as an error", async () => {
    const key = newKey();
    await store.put(key, stored({ "x-a": "a".repeat(40_000) }), bytes("body"), 60_000);
    expect(await found(key)).toBeNull();
  });
});
