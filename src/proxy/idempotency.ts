/** A request with `Idempotency-Key` on its way past the ledger: run once, answered again from what was kept. */
import type { KeptAnswer, LedgerForIsolates } from "../resilience/idempotency-messages.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";

/** Objects over which the keys are spread: each takes about 1,000 calls a second. */
const SHARDS = 64;

/** A run may take so much longer than the service's own deadline before another may begin, ms. */
const GRACE_MS = 5_000;

/** Why the ledger, and no origin, answers. */
export type LedgerRefusal = Extract<
  Failure,
  { kind: "idempotency-mismatch" | "idempotency-conflict" | "body-too-large" }
>;

export type LedgerAnswer = { readonly response: Response } | { readonly failure: LedgerRefusal };

/** True if the ledger has to be asked. */
export function isKeyed({ request, service, fields }: Exchange): boolean {
  return (
    service.config.idempotency !== undefined &&
    fields.idempotencyKey !== null &&
    (request.method === "POST" || request.method === "PATCH")
  );
}

/**
 * Runs a request unless its key has been answered.
 *
 * @param run asks the origins
 */
export async function throughLedger(
  exchange: Exchange,
  run: (exchange: Exchange) => Promise<Response>,
): Promise<LedgerAnswer> {
  const { request, service, fields, path, context, gateway } = exchange;
  const { retry, timeouts, idempotency } = service.config;
  const limitBytes = retry.maxBufferedBodyBytes;
  if (request.body !== null && !(Number(fields.contentLength ?? Number.NaN) <= limitBytes))
    return { failure: { kind: "body-too-large", limitBytes } };
  const bodyHash = await digest(await request.clone().arrayBuffer());
  const who = request.headers.get("Authorization") ?? "";
  const key = await digest(
    new TextEncoder().encode(JSON.stringify([service.name, request.method, path, fields.idempotencyKey, who])),
  );
  const ledger = gateway.ledgerFor(Number.parseInt(key.slice(0, 8), 16) % SHARDS);
  const runId = crypto.randomUUID();
  const begun = await ledger.begin(key, {
    bodyHash,
    run: runId,
    holdMs: timeouts.totalMs + GRACE_MS,
    ttlMs: idempotency!.ttlSeconds * 1000,
  });
  if (begun.decision === "another body") return { failure: { kind: "idempotency-mismatch" } };
  if (begun.decision === "still running") return { failure: { kind: "idempotency-conflict", isDone: false } };
  if (begun.decision === "replay") {
    if (begun.answer === null) return { failure: { kind: "idempotency-conflict", isDone: true } };
    return { response: replayed(begun.answer, exchange.requestId) };
  }
  const finished = settle(ledger, key, runId, () => run({ ...exchange, readsBody: true }), idempotency!.maxAnswerBytes);
  // The answer is kept even if the client does not wait for it: that is whom the key is for.
  context.waitUntil(finished);
  return { response: await finished };
}

async function settle(
  ledger: LedgerForIsolates,
  key: string,
  runId: string,
  run: () => Promise<Response>,
  maxBytes: number,
): Promise<Response> {
  let response: Response;
  try {
    response = await run();
    if (response.status >= 500) {
      await ledger.end(key, runId, false, null);
      return response;
    }
    const body = await response.arrayBuffer();
    // The body may be decoded by now, and its length is that of what is sent.
    const headers = [...response.headers].filter(([name]) => name !== "content-length");
    const kept = body.byteLength <= maxBytes ? { status: response.status, headers, body } : null;
    await ledger.end(key, runId, true, kept);
    const isEmpty = body.byteLength === 0;
    return new Response(isEmpty ? null : body, { status: response.status, headers });
  } catch (error) {
    await ledger.end(key, runId, false, null);
    throw error;
  }
}

function replayed({ status, headers, body }: KeptAnswer, requestId: string): Response {
  const response = new Response(body.byteLength === 0 ? null : body, {
    status,
    headers: headers.map(([name = "", value = ""]): [string, string] => [name, value]),
  });
  response.headers.set("X-Request-Id", requestId);
  response.headers.set("Idempotency-Replayed", "true");
  return response;
}

async function digest(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
