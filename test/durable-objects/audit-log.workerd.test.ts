import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { AuditEntry, AuditForApi } from "../../src/agreement/audit-record.ts";
import type { ControlPlaneForApi } from "../../src/agreement/revision.ts";

type Named<T> = { getByName(name: string): T };
const objects = env as unknown as { AUDIT_LOG: Named<AuditForApi>; CONTROL_PLANE: Named<ControlPlaneForApi> };
const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  atMs: 1_000,
  actor: "token:ops",
  action: "breaker.open",
  target: "origin/eu1",
  reason: "trying",
  requestId: "r1",
  before: null,
  after: { phase: "open" },
  outcome: "done",
  ...over,
});

describe("AuditLog", () => {
  it("gives records back newest first, filtered and paged", async () => {
    const log = objects.AUDIT_LOG.getByName("filtered");
    await log.append([
      { key: "a", entry: entry() },
      { key: "b", entry: entry({ atMs: 2_000, actor: "access:ann@example.com", action: "cache.purge" }) },
      { key: "c", entry: entry({ atMs: 3_000, target: "origin/us1" }) },
    ]);
    const ids = async (query: Parameters<AuditForApi["query"]>[0]) => (await log.query(query)).map(({ id }) => id);
    expect(await log.query({ limit: 1 })).toEqual([{ id: 3, ...entry({ atMs: 3_000, target: "origin/us1" }) }]);
    expect(await ids({ limit: 10 })).toEqual([3, 2, 1]);
    expect(await ids({ limit: 10, before: 3 })).toEqual([2, 1]);
    expect(await ids({ limit: 10, actor: "token:ops" })).toEqual([3, 1]);
    expect(await ids({ limit: 10, action: "cache.purge", target: "origin/eu1" })).toEqual([2]);
    expect(await ids({ limit: 10, fromMs: 2_000, toMs: 3_000 })).toEqual([2]);
  });

  it("writes what arrives twice once", async () => {
    const log = objects.AUDIT_LOG.getByName("twice");
    await log.append([{ key: "a", entry: entry() }]);
    await log.append([{ key: "a", entry: entry() }]);
    expect(await log.query({ limit: 10 })).toHaveLength(1);
  });

  it("cannot be changed, not even from inside", async () => {
    const log = objects.AUDIT_LOG.getByName("fixed");
    await log.append([{ key: "a", entry: entry() }]);
    await runInDurableObject(log as unknown as DurableObjectStub, (_object, state) => {
      expect(() => state.storage.sql.exec("UPDATE records SET actor = 'nobody'")).toThrow(/append-only/);
      expect(() => state.storage.sql.exec("DELETE FROM records")).toThrow(/append-only/);
    });
    expect(await log.query({ limit: 10 })).toEqual([{ id: 1, ...entry() }]);
  });
});

describe("a change of the ControlPlane", () => {
  const control = () => objects.CONTROL_PLANE.getByName("control-plane");
  const audit = () => objects.AUDIT_LOG.getByName("audit-log");
  const weight = (value: number) => ({
    key: "weight/eu1",
    value: { kind: "weight", origin: "eu1", weight: value, expiresAtMs: null } as const,
  });

  it("is in the audit trail with before and after once it is confirmed", async () => {
    await control().append("overrides", [weight(2)], {});
    const note = { actor: "token:ops", action: "instance.weight", target: "origin/eu1", reason: "why", requestId: "r" };
    const { version } = await control().append("overrides", [weight(3)], note);
    await control().confirm("overrides", version, 2_000);
    const [newest] = await audit().query({ limit: 1 });
    expect(newest).toMatchObject({
      ...note,
      before: { "weight/eu1": { weight: 2 } },
      after: { "weight/eu1": { weight: 3 } },
      outcome: "done",
    });
  });

  it("is refused whole when it was worked out from what no longer stands", async () => {
    const { version } = await control().append("overrides", [weight(4)], {});
    const late = await control().append("overrides", [weight(5)], {}, { expected: version - 1 });
    expect(late).toMatchObject({ accepted: false, version });
    const standing = await control().standing("overrides");
    expect(standing.entries.get("weight/eu1")).toMatchObject({ weight: 4 });
  });

  it("reaches the trail although the trail was away when it was made", async () => {
    await runInDurableObject(control() as unknown as DurableObjectStub, async (object, state) => {
      state.storage.sql.exec("DELETE FROM audited");
      await (object as unknown as { alarm(): Promise<void> }).alarm();
    });
    const before = await audit().query({ limit: 100 });
    const { version } = await control().append("overrides", [weight(6)], { action: "later" });
    await control().confirm("overrides", version, 2_000);
    const after = await audit().query({ limit: 100 });
    expect(after).toHaveLength(before.length + 1);
    expect(after[0]).toMatchObject({ action: "later" });
  });
});
