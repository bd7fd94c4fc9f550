/**
 * The textbook design that Fairlead is measured against: for each request a Durable Object is asked for the rate limit,
 * another for the session's origin and a third for that origin's breaker, one after the other because each needs the
 * answer before it. The rules are Fairlead's own, so the breaker hears of every outcome (it opens on a ratio): by a call of its
 * own in the background, as breakers are built, or with `OUTCOMES` "along" by the next request's question, which makes it one
 * call each. It is spared what a real one would pay: nothing is stored. Beyond the three it does what the least proxy does.
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
  readonly OUTCOMES: "apart" | "along";
  readonly NAIVE_LIMITER: DurableObjectNamespace<NaiveLimiter>;
  readonly NAIVE_AFFINITY: DurableObjectNamespace<NaiveAffinity>;
  readonly NAIVE_BREAKER: DurableObjectNamespace<NaiveBreaker>;
}

const ORIGINS = ["http://use1.test", "http://usw1.test", "http://euw1.test", "http://apac1.test"];
const HOP_BY_HOP = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
];
const DEADLINE_MS = 10_000;

/** How attempts ended since a breaker was last called. */
interface Outcomes {
  successes: number;
  failures: number;
}

/** By origin, of this isolate. */
const untold = new Map(ORIGINS.map((origin): [string, Outcomes] => [origin, { successes: 0, failures: 0 }]));

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

  async admits(outcomes: Outcomes): Promise<boolean> {
    await distance(this.env);
    this.#take(outcomes);
    this.#state = advance(this.#state, this.#rules, Date.now());
    return this.#state.phase !== "open";
  }

  async ended(outcomes: Outcomes): Promise<void> {
    await distance(this.env);
    this.#take(outcomes);
  }

  #take({ successes, failures }: Outcomes): void {
    if (successes + failures === 0) return;
    const evidence = { successes, failures, slow: 0, longestFailureRun: failures };
    this.#state = recordEvidence(this.#state, evidence, this.#rules, Date.now(), Math.random);
  }
}

export default {
  async fetch(request, env, context): Promise<Response> {
    const client = request.headers.get("CF-Connecting-IP") ?? "unknown";
    if (!(await env.NAIVE_LIMITER.getByName(client).admit())) return new Response(null, { status: 429 });
    const session = /(?:^|; )session=([^;]*)/.exec(request.headers.get("Cookie") ?? "")?.[1] ?? client;
    const bound = await env.NAIVE_AFFINITY.getByName("affinity").originOf(session);
    for (let tried = 0; tried < ORIGINS.length; tried++) {
      const origin = ORIGINS[(bound + tried) % ORIGINS.length]!;
      const breaker = env.NAIVE_BREAKER.getByName(origin);
      if (!(await breaker.admits(takeUntold(origin)))) continue;
      const answer = await forward(request, origin, client).catch(() => null);
      const isSuccess = answer !== null && answer.status < 502;
      untold.get(origin)![isSuccess ? "successes" : "failures"]++;
      if (env.OUTCOMES === "apart") context.waitUntil(breaker.ended(takeUntold(origin)));
      if (isSuccess) return answer;
    }
    return new Response(null, { status: 503 });
  },
} satisfies ExportedHandler<Bindings>;

function takeUntold(origin: string): Outcomes {
  const outcomes = untold.get(origin)!;
  untold.set(origin, { successes: 0, failures: 0 });
  return outcomes;
}

/** What the least proxy does, see bench/hot-path/least-proxy.ts. */
async function forward(request: Request, origin: string, client: string): Promise<Response> {
  const { url } = request;
  const host = request.headers.get("Host") ?? "";
  const headers = new Headers(request.headers);
  removeHopByHop(headers);
  headers.set("Forwarded", `for=${client};host="${host}";proto=http`);
  headers.set("X-Forwarded-For", client);
  headers.set("X-Forwarded-Host", host);
  headers.set("X-Forwarded-Proto", "http");
  headers.append("Via", "1.1 naive");
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), DEADLINE_MS);
  try {
    const answer = await fetch(origin + url.slice(url.indexOf("/", "https://".length)), {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      cache: "no-store",
      signal: controller.signal,
    });
    const response = new Response(answer.body, answer);
    removeHopByHop(response.headers);
    response.headers.append("Via", "1.1 naive");
    return response;
  } finally {
    clearTimeout(timer);
  }
}

function removeHopByHop(headers: Headers): void {
  const nominated = headers.get("Connection");
  for (const name of HOP_BY_HOP) headers.delete(name);
  for (const option of nominated?.split(",") ?? []) if (/^[\w-]+$/.test(option.trim())) headers.delete(option.trim());
}

/** Objects are local here; this is how far away they would be. */
async function distance({ DISTANCE_MS }: Bindings): Promise<void> {
  if (DISTANCE_MS !== "0") await scheduler.wait(Number(DISTANCE_MS));
}
