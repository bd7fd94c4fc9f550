/**
 * The textbook design that Fairlead is measured against: for each request a Durable Object is asked for the rate limit,
 * another for the session's origin and a third for that origin's breaker, one after the other because each needs the
 * answer before it. The rules are Fairlead's own, so the breaker is told of every outcome (it opens on a ratio), in the
 * background; `REPORT_SUCCESSES` "no" spares it successes. It is spared what a real one would pay: nothing is stored.
 */
import { DurableObject } from "cloudflare:workers";
import type { BreakerRules, CircuitBreaker } from "../../src/resilience/circuit-breaker.ts";
import { advance, freshBreaker, recordEvidence } from "../../src/resilience/circuit-breaker.ts";
import { SlidingWindow } from "../../src/rate-limit/sliding-window.ts";
import type { Rule } from "../../src/rate-limit/meter.ts";

/** What the bench passes in: the rules of Fairlead's own configuration, as JSON, and the round trip to an object, ms. */
interface Bindings {
  readonly BREAKER_RULES: string;
  readonly LIMIT_RULE: string;
  readonly DISTANCE_MS: string;
  readonly REPORT_SUCCESSES: string;
  readonly NAIVE_LIMITER: DurableObjectNamespace<NaiveLimiter>;
  readonly NAIVE_AFFINITY: DurableObjectNamespace<NaiveAffinity>;
  readonly NAIVE_BREAKER: DurableObjectNamespace<NaiveBreaker>;
}

const ORIGINS = ["http://use1.test", "http://usw1.test", "http://euw1.test", "http://apac1.test"];
const HOP_BY_HOP = ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "TE", "Trailer", "Upgrade"];
const DEADLINE_MS = 10_000;

export class NaiveLimiter extends DurableObject<Bindings> {
  readonly #window = new SlidingWindow();
  readonly #rule = JSON.parse(this.env.LIMIT_RULE) as Rule;

  async admit(): Promise<boolean> {
    await distance(this.env);
    const nowMs = Date.now();
    if (this.#window.available(this.#rule, nowMs) < 1) return false;
    this.#window.charge(this.#rule, 1, nowMs, nowMs);
    return true;
  }
}

export class NaiveAffinity extends DurableObject<Bindings> {
  readonly #origins = new Map<string, number>();

  async originOf(session: string): Promise<number> {
    await distance(this.env);
    const known = this.#origins.get(session) ?? this.#origins.size % ORIGINS.length;
    this.#origins.set(session, known);
    return known;
  }
}

export class NaiveBreaker extends DurableObject<Bindings> {
  readonly #rules = JSON.parse(this.env.BREAKER_RULES) as BreakerRules;
  #state: CircuitBreaker = freshBreaker();

  async admits(): Promise<boolean> {
    await distance(this.env);
    this.#state = advance(this.#state, this.#rules, Date.now());
    return this.#state.phase !== "open";
  }

  async ended(success: boolean): Promise<void> {
    await distance(this.env);
    const counts = success ? { successes: 1, failures: 0 } : { successes: 0, failures: 1 };
    const evidence = { ...counts, slow: 0, longestFailureRun: counts.failures };
    this.#state = recordEvidence(this.#state, evidence, this.#rules, Date.now(), Math.random);
  }
}

export default {
  async fetch(request, env, context): Promise<Response> {
    const client = request.headers.get("CF-Connecting-IP") ?? "unknown";
    if (!(await env.NAIVE_LIMITER.getByName("limiter").admit())) return new Response(null, { status: 429 });
    const session = /(?:^|; )session=([^;]*)/.exec(request.headers.get("Cookie") ?? "")?.[1] ?? client;
    const bound = await env.NAIVE_AFFINITY.getByName("affinity").originOf(session);
    for (let tried = 0; tried < ORIGINS.length; tried++) {
      const origin = ORIGINS[(bound + tried) % ORIGINS.length]!;
      const breaker = env.NAIVE_BREAKER.getByName(origin);
      if (!(await breaker.admits())) continue;
      const answer = await forward(request, origin, client).catch(() => null);
      const isSuccess = answer !== null && answer.status < 502;
      if (!isSuccess || env.REPORT_SUCCESSES === "yes") context.waitUntil(breaker.ended(isSuccess));
      if (isSuccess) return answer;
    }
    return new Response(null, { status: 503 });
  },
} satisfies ExportedHandler<Bindings>;

/** What the least proxy does, see bench/hot-path/least-proxy.ts. */
async function forward(request: Request, origin: string, client: string): Promise<Response> {
  const { url } = request;
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  headers.set("X-Forwarded-For", client);
  headers.append("Via", "1.1 naive");
  const answer = await fetch(origin + url.slice(url.indexOf("/", "https://".length)), {
    method: request.method,
    headers,
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return new Response(answer.body, answer);
}

/** Objects are local here; this is how far away they would be. */
async function distance({ DISTANCE_MS }: Bindings): Promise<void> {
  if (DISTANCE_MS !== "0") await scheduler.wait(Number(DISTANCE_MS));
}
