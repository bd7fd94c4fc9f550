import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { purgeKey, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import type { SyncAnswer } from "../../src/agreement/protocol.ts";
import { namespaces, restart, syncRequest } from "./support.workerd.ts";

const { REGION_HUB, CONTROL_PLANE } = namespaces(env);
const control = () => CONTROL_PLANE.getByName("control-plane");
const tag = (value: string) => {
  const mark = { kind: "tag", service: null, value, soft: false } as const;
  return { key: purgeKey(mark), value: mark };
};

let nextShard = 1;
let name: string;
const hub = () => REGION_HUB.getByName(name);

/** An isolate that comes back at once whenever it is answered, until it is stopped. */
function busyIsolate(isolate: string): { stop: () => Promise<void> } {
  const stopped = new AbortController();
  const running = (async () => {
    let answer: SyncAnswer | null = null;
    while (!stopped.signal.aborted)
      answer = await hub().sync(syncRequest(isolate, { have: answer?.versions ?? null, lease: answer !== null }));
  })();
  return {
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}

const contact = (instance: string, register: boolean) =>
  control().contact({ hub: name, region: "enam", instance, register, have: null, isolates: 0 });

const contactOfOceania = (isolates: number) =>
  control().contact({ hub: "oc", region: "oc", instance: "o", register: true, have: null, isolates });

describe("ControlPlane", () => {
  beforeEach(async () => {
    // Hubs of other tests are not to be waited for.
    for (const { hub, instance } of await control().hubs()) await control().leave(hub, instance);
    name = `enam.${nextShard++}`;
  });

  it("confirms a change at once when no hub has registered", async () => {
    const { version } = await control().append("purges", [tag("a")], {});
    expect(await control().confirm("purges", version, 0)).toEqual({
      complete: true,
      effectiveWithinMs: 0,
      hubs: { confirmed: 0, total: 0 },
    });
  });

  it("confirms within moments when every isolate is busy", async () => {
    const isolate = busyIsolate("a");
    await scheduler.wait(200);
    const started = Date.now();
    const { version } = await control().append("purges", [tag("b")], { actor: "test" });
    const confirmed = await control().confirm("purges", version, 8_000);
    expect(confirmed).toMatchObject({ complete: true, hubs: { confirmed: 1, total: 1 } });
    expect(Date.now() - started).toBeLessThan(1_000);
    await isolate.stop();
  });

  it("confirms when the lease of an isolate that does not come back has run out", { timeout: 15_000 }, async () => {
    await hub().sync(syncRequest("gone"));
    const started = Date.now();
    const { version } = await control().append("purges", [tag("c")], {});
    expect(await control().confirm("purges", version, 200)).toMatchObject({ complete: false });
    expect(await control().confirm("purges", version, 8_000)).toMatchObject({ complete: true });
    expect(Date.now() - started).toBeGreaterThan(4_500);
    expect(Date.now() - started).toBeLessThan(6_000);
  });

  it("need not wait for a hub whose last lease has run out", { timeout: 15_000 }, async () => {
    await hub().sync(syncRequest("gone"));
    const started = Date.now();
    await vi.waitFor(async () => expect(await control().hubs()).toEqual([]), { timeout: 10_000, interval: 100 });
    expect(Date.now() - started).toBeGreaterThan(4_900);
    expect(Date.now() - started).toBeLessThan(7_000);
  });

  it("says how long is left while a hub does not answer, 35 s at most", async () => {
    await control().contact({
      hub: "nobody-answers",
      region: "enam",
      instance: "gone",
      register: true,
      have: null,
      isolates: 1,
    });
    const { version } = await control().append("purges", [tag("d")], {});
    const { complete, effectiveWithinMs } = await control().confirm("purges", version, 300);
    expect(complete).toBe(false);
    expect(effectiveWithinMs).toBeGreaterThan(30_000);
    expect(effectiveWithinMs).toBeLessThanOrEqual(35_250);
  });

  it("keeps its log and its registry through a restart", async () => {
    await hub().sync(syncRequest("a"));
    const { version } = await control().append(
      "overrides",
      [{ key: "weight/use1", value: { kind: "weight", origin: "use1", weight: 3, expiresAtMs: 1e15 } }],
      { actor: "test", reason: "trying" },
    );
    await restart(control());
    expect((await control().standing("overrides")).entries.get("weight/use1")).toMatchObject({ weight: 3 });
    expect(await control().changes("overrides", 10)).toMatchObject([
      { version, keys: ["weight/use1"], note: { actor: "test", reason: "trying" } },
    ]);
    expect((await control().hubs()).map(({ hub }) => hub)).toEqual([name]);
    expect(await control().append("overrides", [{ key: "weight/use1", value: null }], {})).toMatchObject({
      version: version + 1,
    });
    expect((await control().standing("overrides")).entries.size).toBe(0);
  });

  it("brings a hub that missed a push what it missed when the alarm comes, and no sooner gives up", async () => {
    await hub().sync(syncRequest("a"));
    await runInDurableObject(hub(), (object) => {
      object.push = () => Promise.reject(new Error("away"));
    });
    const { version } = await control().append("purges", [tag("e")], {});
    expect(await runDurableObjectAlarm(control())).toBe(true);
    expect((await hub().describe()).versions.purges).toBeLessThan(version);

    await runInDurableObject(hub(), (object) => void Reflect.deleteProperty(object, "push"));
    expect(await runDurableObjectAlarm(control())).toBe(true);
    expect((await hub().describe()).versions.purges).toBe(version);
    expect((await control().hubs()).map(({ acknowledged }) => acknowledged.purges)).toEqual([version]);
    expect(await runDurableObjectAlarm(control())).toBe(false);
  });

  it("makes a revision of an override's end, when its time has come and nobody asks", async () => {
    const value = { kind: "weight", origin: "use1", weight: 3, expiresAtMs: Date.now() + 100 } as const;
    const { version } = await control().append("overrides", [{ key: "weight/use1", value }], { actor: "test" });
    await vi.waitFor(async () => expect((await control().standing("overrides")).version).toBe(version + 1), 3_000);
    expect(await control().changes("overrides", 1)).toMatchObject([
      { keys: ["weight/use1"], note: { actor: "fairlead", action: "override.expire" }, changes: [{ after: null }] },
    ]);
  });

  it("makes no change for who went by another version than stands", async () => {
    const entry = {
      key: "weight/use1",
      value: { kind: "weight", origin: "use1", weight: 3, expiresAtMs: 1e15 } as const,
    };
    const { version } = await control().append("overrides", [entry], {});
    for (const expected of [version - 1, version + 1]) {
      const refused = await control().append("overrides", [{ key: "weight/use1", value: null }], {}, { expected });
      expect(refused).toMatchObject({ accepted: false, version, changes: [] });
    }
    expect((await control().standing("overrides")).version).toBe(version);
    const { accepted } = await control().append("overrides", [{ ...entry, value: null }], {}, { expected: version });
    expect(accepted).toBe(true);
  });

  it("stores nothing and forgets nothing when a write fails", async () => {
    const { version } = await control().append("purges", [tag("f")], {});
    await runInDurableObject(control(), (object, state) => {
      state.storage.sql.exec("ALTER TABLE changes RENAME TO elsewhere");
      expect(() => object.append("purges", [tag("g")], {})).toThrow(/no such table/);
      state.storage.sql.exec("ALTER TABLE elsewhere RENAME TO changes");
    });
    expect((await control().standing("purges")).entries.has(tag("g").key)).toBe(false);
    await restart(control());
    expect((await control().standing("purges")).entries.has(tag("g").key)).toBe(false);
    expect(await control().append("purges", [tag("h")], {})).toMatchObject({ version: version + 1 });
  });

  it("folds its oldest purges when there are too many for a view, and keeps their epochs", async () => {
    const before = await control().append("purges", [tag("before")], {});
    const many = Array.from({ length: 10_001 }, (_, index) => tag(`many ${index}`));
    await control().append("purges", many, {});
    const marks = [...((await control().standing("purges")).entries as Map<string, PurgeMark>).values()];
    expect(marks.filter(({ kind }) => kind === "tag").length).toBeLessThanOrEqual(10_000);
    expect(marks.some(({ value }) => value === "before")).toBe(false);
    expect(marks.filter(({ kind }) => kind === "hash").some(({ epoch }) => epoch === before.version)).toBe(true);
  });

  it("gives a hub's place to the newest instance and does not give it back", async () => {
    expect((await contact("one", true)).registered).toBe(true);
    expect((await contact("two", true)).registered).toBe(true);
    expect((await contact("one", false)).registered).toBe(false);
    expect((await contact("one", true)).registered).toBe(false);
    expect((await contact("two", false)).registered).toBe(true);
  });

  it("adds a shard to a region whose hub has more isolates than its share", async () => {
    expect((await contactOfOceania(400)).shards).toBe(1);
    expect((await contactOfOceania(401)).shards).toBe(2);
    expect((await contactOfOceania(300)).shards).toBe(2);
    expect((await contactOfOceania(150)).shards).toBe(1);
  });
});
