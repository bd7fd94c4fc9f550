// A keyed request whose ledger is away, slow, or gone in between.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/proxy/exchange.ts";
import { openLedgers, throughLedger } from "../../src/proxy/idempotency.ts";
import type { BeginAnswer, LedgerForIsolates } from "../../src/resilience/idempotency-messages.ts";

const RUN: BeginAnswer = { decision: "run", answer: null };

/** A ledger that does as told and notes which runs were ended. */
function ledgerThat(begin: () => Promise<BeginAnswer>, end: () => Promise<void> = () => Promise.resolve()) {
  const ended: boolean[] = [];
  const ledger: LedgerForIsolates = {
    begin,
    end: (_key, _run, answered) => {
      ended.push(answered);
      return end();
    },
  };
  return { ledger, ended };
}

async function ask(ledger: LedgerForIsolates) {
  const context = createExecutionContext();
  const request = new Request("https://shop.test/orders", {
    method: "POST",
    body: "tea",
    headers: { "Idempotency-Key": "k1" },
  });
  const config = {
    retry: { maxBufferedBodyBytes: 1_000 },
    timeouts: { firstByteMs: 1_000, totalMs: 1_000 },
    idempotency: { ttlSeconds: 60, maxAnswerBytes: 1_000 },
  };
  const exchange = {
    request,
    context,
    service: { name: "shop", config, ledgers: { getByName: () => ledger } },
    fields: { idempotencyKey: "k1", contentLength: "3" },
    path: "/orders",
    requestId: "r1",
    startedMs: Date.now(),
  } as unknown as Exchange;
  let runs = 0;
  const answer = await throughLedger(exchange, async () => {
    runs++;
    return new Response("order 1");
  });
  return { answer, runs, over: () => waitOnExecutionContext(context) };
}

describe("a ledger that does not answer", () => {
  it("runs nothing: the client may send the request again", async () => {
    const { ledger } = ledgerThat(() => Promise.reject(new Error("overloaded")));
    const { answer, runs } = await ask(ledger);
    expect(answer).toEqual({ failure: { kind: "ledger-unanswered", retryAfterSeconds: 1 } });
    expect(runs).toBe(0);
  });

  it("in time neither, and a run that it grants too late is given back", async () => {
    const { ledger, ended } = ledgerThat(() => new Promise((resolve) => setTimeout(() => resolve(RUN), 2_400)));
    const { answer, runs, over } = await ask(ledger);
    expect(answer).toMatchObject({ failure: { kind: "ledger-unanswered" } });
    expect(runs).toBe(0);
    await over();
    expect(ended).toEqual([false]);
  });
});

it("a ledger that cannot be told takes no answer from the client", async () => {
  const { ledger, ended } = ledgerThat(
    () => Promise.resolve(RUN),
    () => Promise.reject(new Error("away")),
  );
  const { answer, runs } = await ask(ledger);
  expect("response" in answer && (await answer.response.text())).toBe("order 1");
  expect(runs).toBe(1);
  expect(ended).toEqual([true]);
});

it("a ledger that is not bound is missed when the service is prepared, and only by one that asks for it", () => {
  const config = { ttlSeconds: 60, maxAnswerBytes: 1_000 };
  expect(() => openLedgers(config, {})).toThrow(
    "Expected the binding `IDEMPOTENCY_LEDGER` in wrangler.toml, got nothing",
  );
  expect(openLedgers(undefined, {})).toBeNull();
});
