/** A request with `Idempotency-Key` on its way past the ledger: run once, answered again from what was kept. */
import type { Bindings } from "../config/secret.ts";
import type { ServiceConfig } from "../config/service.ts";
import type { BeginQuestion } from "../resilience/idempotency.ts";
import type { BeginAnswer, KeptAnswer, LedgerForIsolates } from "../resilience/idempotency-messages.ts";
import { logError } from "../telemetry/log.ts";
import { within } from "../within.ts";
import type { Exchange } from "./exchange.ts";
import { readUpload, type Upload, type UploadFault } from "./upload.ts";
import type { Failure } from "./failure.ts";

/** Objects over which the keys are spread: each takes about 1,000 calls a second. */
const SHARDS = 64;

/** A run may take so much longer than the service's own deadline before another may begin, ms. */
const GRACE_MS = 5_000;

/** How long the ledger is waited for, ms. */
const PATIENCE_MS = 2_000;

/** Seconds after which a client may find the ledger again. */
const RETRY_AFTER_SECONDS = 1;

/** Why the ledger, and no origin, answers. */
export type LedgerRefusal = Extract<
  Failure,
  {
    kind:
      | "idempotency-mismatch"
      | "idempotency-conflict"
      | "ledger-unanswered"
      | "body-too-large"
      | UploadFault["kind"];
  }
>;

export type LedgerAnswer = { readonly response: Response } | { readonly failure: LedgerRefusal };

/** The shards of the `IdempotencyLedger`. */
export interface Ledgers {
  getByName(name: string): LedgerForIsolates;
}

/**
 * The ledger that a service's keyed requests go by; null where nothing is deduplicated.
 *
 * @throws Error when its binding is missing
 */
export function openLedgers(config: ServiceConfig["idempotency"], bindings: Bindings): Ledgers | null {
  if (config === undefined) return null;
  const ledgers = bindings["IDEMPOTENCY_LEDGER"] as Ledgers | undefined;
  if (ledgers === undefined) throw new Error("Expected the binding `IDEMPOTENCY_LEDGER` in wrangler.toml, got nothing");
  return ledgers;
}

/** True if the ledger has to be asked. */
export function isKeyed({ method, service, fields }: Exchange): boolean {
  return service.ledgers !== null && fields.idempotencyKey !== null && (method === "POST" || method === "PATCH");
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
  const { request, service, fields, path, context } = exchange;
  const { retry, timeouts, idempotency } = service.config;
  const limitBytes = retry.maxBufferedBodyBytes;
  if (request.body !== null && !(Number(fields.contentLength ?? Number.NaN) <= limitBytes))
    return { failure: { kind: "body-too-large", limitBytes } };
  const upload = await readWhole(exchange);
  if ("fault" in upload) return { failure: upload.fault };
  const bodyHash = await digest(upload.bytes);
  const who = request.headers.get("Authorization") ?? "";
  const key = await digest(
    new TextEncoder().encode(JSON.stringify([service.name, request.method, path, fields.idempotencyKey, who])),
  );
  const ledger = service.ledgers!.getByName(`ledger-${Number.parseInt(key.slice(0, 8), 16) % SHARDS}`);
  const runId = crypto.randomUUID();
  const question = {
    bodyHash,
    run: runId,
    holdMs: timeouts.totalMs + GRACE_MS,
    ttlMs: idempotency!.ttlSeconds * 1000,
  };
  const begun = await beginWithin(PATIENCE_MS, ledger, key, question, context);
  // Run without the ledger, it might run twice; not run, it can be sent again.
  if (begun === null) return { failure: { kind: "ledger-unanswered", retryAfterSeconds: RETRY_AFTER_SECONDS } };
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

/** A look at the body before it is sent; what it is sent from stays unread. */
async function readWhole(exchange: Exchange): Promise<Upload> {
  const { request, fields } = exchange;
  if (request.body === null) return { bytes: new Uint8Array() };
  const upload = await readUpload(request.clone().body!, Number(fields.contentLength), exchange);
  if ("fault" in upload) request.body.cancel().catch(() => undefined);
  return upload;
}

/** The ledger's decision; null when there is none in time. A run that it grants after that is given back. */
async function beginWithin(
  waitMs: number,
  ledger: LedgerForIsolates,
  key: string,
  question: BeginQuestion,
  context: Pick<ExecutionContext, "waitUntil">,
): Promise<BeginAnswer | null> {
  const asked = ledger.begin(key, question).catch((error: unknown) => {
    logError("idempotency ledger could not be asked", error);
    return null;
  });
  const begun = await within(waitMs, asked).catch(() => null);
  if (begun === null)
    context.waitUntil(
      asked.then((late) => (late?.decision === "run" ? tell(ledger, key, question.run, false, null) : undefined)),
    );
  return begun;
}

/** Tells the ledger how a run ended. If it cannot be told, the key is held until the run is given up, and then open. */
async function tell(
  ledger: LedgerForIsolates,
  key: string,
  run: string,
  answered: boolean,
  kept: KeptAnswer | null,
): Promise<void> {
  try {
    await ledger.end(key, run, answered, kept);
  } catch (error) {
    logError("idempotency ledger could not be told", error);
  }
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
      await tell(ledger, key, runId, false, null);
      return response;
    }
    const body = await response.arrayBuffer();
    // The runtime says the length of what is sent itself.
    const headers = [...response.headers].filter(([name]) => name !== "content-length");
    const kept = body.byteLength <= maxBytes ? { status: response.status, headers, body } : null;
    await tell(ledger, key, runId, true, kept);
    const isEmpty = body.byteLength === 0;
    return new Response(isEmpty ? null : body, { status: response.status, headers, ...AS_IT_CAME });
  } catch (error) {
    await tell(ledger, key, runId, false, null);
    throw error;
  }
}

/** The bytes are those of the origin, encoded where it says so: the runtime must not encode them a second time. */
const AS_IT_CAME = { encodeBody: "manual" } as const;

function replayed({ status, headers, body }: KeptAnswer, requestId: string): Response {
  const response = new Response(body.byteLength === 0 ? null : body, {
    status,
    headers: headers.map(([name = "", value = ""]): [string, string] => [name, value]),
    ...AS_IT_CAME,
  });
  response.headers.set("X-Request-Id", requestId);
  response.headers.set("Idempotency-Replayed", "true");
  return response;
}

async function digest(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
