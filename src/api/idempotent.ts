/** A POST with an `Idempotency-Key` is done once: whoever repeats it gets the first answer (draft-ietf-httpapi-idempotency-key-header-07). */
import { createMiddleware } from "hono/factory";
import type { KeptAnswer } from "../resilience/idempotency-messages.ts";
import { reached } from "./change.ts";
import { ApiProblem } from "./problem.ts";
import type { ApiEnv, System } from "./system.ts";

const TTL_MS = 24 * 60 * 60_000;

/** Longer than any change is waited for, ms. */
const HOLD_MS = 60_000;

/** Only successes are kept: what failed may be tried again under the same key. */
export function doneOnce(system: System) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const given = c.req.header("Idempotency-Key");
    if (c.req.method !== "POST" || given === undefined) return next();
    if (given.length === 0 || given.length > 255) {
      const detail = "Expected `Idempotency-Key` to be 1 to 255 characters";
      throw new ApiProblem("not-valid", `${detail}.`, { errors: [{ parameter: "Idempotency-Key", detail }] });
    }
    const url = new URL(c.req.url);
    // One caller's key says nothing to another.
    const key = await digest(JSON.stringify(["api", c.var.principal.name, url.pathname, given]));
    const bodyHash = await digest(`${url.search}\n${await c.req.text()}`);
    const run = crypto.randomUUID();
    const { decision, answer } = await reached(
      system.ledger.begin(key, { bodyHash, run, holdMs: HOLD_MS, ttlMs: TTL_MS }),
    );
    if (decision === "another body")
      throw new ApiProblem("key-reused", "This `Idempotency-Key` was used with another body or query.");
    if (decision === "still running")
      throw new ApiProblem("conflict", "The first call with this `Idempotency-Key` is not done yet.");
    if (decision === "replay") return replayed(answer);
    await next();
    if (!c.res.ok) {
      await system.ledger.end(key, run, false, null);
      return undefined;
    }
    const body = await c.res.clone().arrayBuffer();
    const headers = [["Content-Type", c.res.headers.get("Content-Type") ?? "application/json"]];
    await system.ledger.end(key, run, true, { status: c.res.status, headers, body });
    return undefined;
  });
}

function replayed(answer: KeptAnswer | null): Response {
  if (answer === null) throw new ApiProblem("conflict", "This `Idempotency-Key` was answered; the answer is not kept.");
  const response = new Response(answer.body.byteLength === 0 ? null : answer.body, {
    status: answer.status,
    headers: answer.headers.map(([name = "", value = ""]): [string, string] => [name, value]),
  });
  response.headers.set("Idempotency-Replayed", "true");
  return response;
}

async function digest(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
