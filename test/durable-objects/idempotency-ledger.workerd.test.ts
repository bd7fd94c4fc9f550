import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { IdempotencyLedger } from "../../durable-objects/idempotency-ledger.ts";

const ledgers = (env as unknown as { IDEMPOTENCY_LEDGER: DurableObjectNamespace<IdempotencyLedger> })
  .IDEMPOTENCY_LEDGER;

let named = 0;
const fresh = () => ledgers.getByName(`shard-${++named}`);
const question = (run: string, ttlMs = 60_000) => ({ bodyHash: "b", run, holdMs: 30_000, ttlMs });
const answer = {
  status: 201,
  headers: [
    ["content-type", "text/plain"],
    ["set-cookie", "a=1"],
  ],
  body: new TextEncoder().encode("made").buffer as ArrayBuffer,
};

it("lets one of many callers from everywhere run, and gives the others its answer afterwards", async () => {
  const ledger = fresh();
  const runs = ["r1", "r2", "r3", "r4"];
  const begun = await Promise.all(runs.map(async (run) => (await ledger.begin("k", question(run))).decision));
  expect(begun.filter((decision) => decision === "run")).toHaveLength(1);
  expect(begun.filter((decision) => decision === "still running")).toHaveLength(3);
  await ledger.end("k", runs[begun.indexOf("run")]!, true, answer);
  const repeated = await ledger.begin("k", question("r5"));
  expect(repeated).toMatchObject({ decision: "replay", answer: { status: 201, headers: answer.headers } });
  expect(new TextDecoder().decode(repeated.answer!.body)).toBe("made");
});

it("remembers through an eviction", async () => {
  const ledger = fresh();
  await ledger.begin("k", question("r1"));
  await ledger.end("k", "r1", true, answer);
  await evictDurableObject(ledger);
  expect((await ledger.begin("k", question("r2"))).decision).toBe("replay");
});

it("keeps a key whose answer was too long, without the answer", async () => {
  const ledger = fresh();
  await ledger.begin("k", question("r1"));
  await ledger.end("k", "r1", true, null);
  expect(await ledger.begin("k", question("r2"))).toMatchObject({ decision: "replay", answer: null });
});

it("clears expired keys away by alarm, and only those", async () => {
  const ledger = fresh();
  await ledger.begin("old", question("r1", 1));
  await ledger.begin("new", question("r2"));
  await new Promise((resolve) => void setTimeout(resolve, 20));
  await runDurableObjectAlarm(ledger);
  const keys = await runInDurableObject(ledger, (_, state) =>
    state.storage.sql
      .exec<{ key: string }>("SELECT key FROM keys")
      .toArray()
      .map((row) => row.key),
  );
  expect(keys).toEqual(["new"]);
});
