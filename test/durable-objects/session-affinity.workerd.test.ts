import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { BindAsk } from "../../src/affinity/binding.ts";
import type { AffinityForApi, AffinityForIsolates, SessionRecord } from "../../src/affinity/messages.ts";
import { SessionStore } from "../../durable-objects/session-store.ts";

type Shard = AffinityForIsolates & AffinityForApi;

const namespace = (env as unknown as { SESSION_AFFINITY: DurableObjectNamespace<Shard & Rpc.DurableObjectBranded> })
  .SESSION_AFFINITY;
const nameOf = (key: string) => ({ hash: key.padStart(32, "0"), scope: "service:s", key });
const ask = (id: string, over: Partial<BindAsk> = {}): BindAsk => ({
  service: "s",
  proposals: [{ pool: "p", origin: `o-${id}` }],
  lifetime: { ttlSeconds: 100, idleSeconds: 50, sliding: true },
  epoch: 1,
  id,
  instead: null,
  ...over,
});

describe("SessionAffinity", () => {
  it("gives everybody who asks at once the same binding", async () => {
    const shard = namespace.getByName("race");
    const ids = Array.from({ length: 20 }, (_, index) => `i${index}`);
    const answers = await Promise.all(ids.map((id) => shard.bind(nameOf("a"), ask(id))));
    expect(new Set(answers.map(({ id, origin }) => `${id} ${origin}`)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await shard.statistics()).toMatchObject({ active: 1, created: 1 });
  });

  it("keeps what it has when the object starts anew", async () => {
    const shard = namespace.getByName("restart");
    await shard.bind(nameOf("a"), ask("first"));
    await runInDurableObject(shard as never, (_object: unknown, state: DurableObjectState) => {
      expect(new SessionStore(state.storage.sql, 10).find(nameOf("a").hash)?.binding.id).toBe("first");
    });
    expect(await shard.bind(nameOf("a"), ask("second"))).toMatchObject({ id: "first", origin: "o-first" });
  });

  it("moves a session once, and forgets it when it is revoked", async () => {
    const shard = namespace.getByName("move");
    await shard.bind(nameOf("a"), ask("one"));
    const from = { pool: "p", origin: "o-one" };
    const moves = ["x", "y"].map((origin) =>
      shard.move(nameOf("a").hash, { id: "one", service: "s", from, to: { pool: "p", origin } }),
    );
    expect((await Promise.all(moves)).map((answer) => answer?.origin)).toEqual(["x", "x"]);
    await shard.revoke(nameOf("a").hash, "another");
    expect(await shard.find(nameOf("a").hash)).not.toBeNull();
    await shard.revoke(nameOf("a").hash, "one");
    expect(await shard.find(nameOf("a").hash)).toBeNull();
  });

  it("lists by hash, by service and by origin, a page at a time", async () => {
    const shard = namespace.getByName("list");
    for (const key of ["1", "2", "3"]) await shard.bind(nameOf(key), ask(key));
    const keys = (records: readonly SessionRecord[]) => records.map(({ key }) => key);
    expect(keys((await shard.list({}, "", 2)) as SessionRecord[])).toEqual(["1", "2"]);
    expect(keys((await shard.list({}, nameOf("2").hash, 2)) as SessionRecord[])).toEqual(["3"]);
    expect(keys((await shard.list({ origin: "o-2" }, "", 9)) as SessionRecord[])).toEqual(["2"]);
    expect(await shard.list({ service: "t" }, "", 9)).toEqual([]);
    expect(await shard.revokeAll({ origin: "o-2" })).toBe(1);
    expect(await shard.statistics()).toMatchObject({ active: 2, revoked: 1 });
  });

  it("clears away what is over by its alarm, and sets none when nothing is left", async () => {
    const shard = namespace.getByName("alarm");
    await shard.bind(nameOf("a"), ask("one", { lifetime: { ttlSeconds: 1, idleSeconds: 1, sliding: true } }));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await runDurableObjectAlarm(shard as never)).toBe(true);
    expect(await shard.statistics()).toMatchObject({ active: 0, expired: 1 });
    expect(await runDurableObjectAlarm(shard as never)).toBe(false);
  });
});

describe("a full shard", () => {
  it("lets go of what is over first, then of the least recently seen", async () => {
    await runInDurableObject(namespace.getByName("full") as never, (_object: unknown, state: DurableObjectState) => {
      const store = new SessionStore(state.storage.sql, 5);
      const put = (key: string, seenMs: number, expiresMs: number) => {
        const binding = { id: key, epoch: 0, pool: "p", origins: { s: "o" }, issuedMs: 0, expiresMs, seenMs };
        store.put({ ...nameOf(key), binding }, true, 1_000);
      };
      put("1", 50, 9_000);
      put("2", 10, 9_000);
      put("3", 30, 9_000);
      put("4", 40, 500);
      put("5", 20, 9_000);
      const kept = () => store.list({}, "", 10, 1_000).map(({ key }) => key);
      put("6", 60, 9_000);
      expect(kept()).toEqual(["1", "2", "3", "5", "6"]);
      put("7", 70, 9_000);
      expect(kept()).toEqual(["1", "3", "5", "6", "7"]);
      expect([store.count, store.tallies()]).toEqual([5, { created: 0, moved: 0, expired: 1, revoked: 0, evicted: 1 }]);
    });
  });
});
