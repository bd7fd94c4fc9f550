/** One rate limit of a service, ready to use: whom it counts, what it costs them, and how its numbers follow the origins. */
import type { RateLimitConfig } from "../config/rate-limits.ts";
import { FULL_SCALE, nextScale, type Scale } from "../rate-limit/adapt.ts";
import { costReader, type FieldReader } from "../rate-limit/cost.ts";
import { policyItem } from "../rate-limit/headers.ts";
import { claimsIn, keyReader, type KeyFacts } from "../rate-limit/key.ts";
import { limiterScope } from "../rate-limit/limiter-name.ts";
import { matcher, type Matcher } from "../rate-limit/match.ts";
import type { Rule } from "../rate-limit/meter.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { Counter } from "./limit-counter.ts";
import { exactCounter } from "./limit-exact.ts";
import { leasedCounter } from "./limit-leased.ts";
import { bindingCounter, isolateCounter } from "./limit-local.ts";
import { LimitMemory, type Limiters } from "./limit-memory.ts";
import type { PressureGauge } from "./limit-pressure.ts";
import type { Bindings } from "../config/secret.ts";
import { limitCounters, type LimitEvent } from "../telemetry/limit-events.ts";

export interface ReadyLimit {
  readonly config: RateLimitConfig;
  /** The names under which its verdicts are counted. */
  readonly counters: Readonly<Record<LimitEvent, string>>;
  readonly counter: Counter;
  readonly counts: Matcher;
  readonly keyOf: (facts: KeyFacts) => string;
  readonly costOf: (facts: FieldReader) => number;
  readonly wantsClaims: boolean;
  /** What answers say of a rule of this limit. */
  readonly policyOf: (rule: Rule) => string;
  /** The rule as it is now. */
  readonly rule: (gauge: PressureGauge, state: ServiceState, nowMs: number) => Rule;
}

/** @throws Error when a binding that the limit needs is not there */
export function readyLimit(service: string, config: RateLimitConfig, bindings: Bindings): ReadyLimit {
  const { algorithm, windowSeconds, limit, burst, cost, maxCost } = config;
  const rule = { algorithm, limit, windowMs: windowSeconds * 1_000, burst: burst ?? limit };
  return {
    config,
    counters: limitCounters(config.name),
    counter: counterFor(service, config, bindings),
    counts: matcher(config.match),
    keyOf: keyReader(config.key),
    costOf: costReader(cost, Math.min(maxCost, rule.burst)),
    wantsClaims: claimsIn(config.key).length > 0,
    policyOf: policyWriter(config.name),
    rule: config.adapt === undefined ? () => rule : adapting(rule, config.adapt),
  };
}

function counterFor(service: string, config: RateLimitConfig, bindings: Bindings): Counter {
  const scope = limiterScope(service, config);
  const mode = config.mode ?? (config.algorithm === "concurrency" ? "exact" : "leased");
  if (mode === "local") {
    if (config.binding === undefined) return isolateCounter();
    const binding = bindings[config.binding] as RateLimit | undefined;
    if (typeof binding?.limit === "function") return bindingCounter(binding, scope);
    throw new Error(`Expected the rate-limit binding \`${config.binding}\` in wrangler.toml, got nothing`);
  }
  const limiters = bindings["RATE_LIMITER"] as Limiters | undefined;
  if (limiters === undefined) throw new Error("Expected the binding `RATE_LIMITER` in wrangler.toml, got nothing");
  const memory = new LimitMemory(limiters, scope, config.timeoutMs);
  return mode === "exact" ? exactCounter(memory) : leasedCounter(memory);
}

/** Rules seldom change: what was last said of one is remembered. */
function policyWriter(name: string): ReadyLimit["policyOf"] {
  let written: Rule | null = null;
  let text = "";
  return (rule) => {
    if (rule === written) return text;
    const { limit, windowMs, algorithm } = rule;
    text = policyItem({ name, limit, windowMs, concurrent: algorithm === "concurrency" });
    written = rule;
    return text;
  };
}

/** Every isolate scales by what it sees itself; none scales up beyond what is configured. */
function adapting(full: Rule, { signal, floor }: NonNullable<RateLimitConfig["adapt"]>): ReadyLimit["rule"] {
  let scale: Scale = FULL_SCALE;
  let scaled = full;
  return (gauge, state, nowMs) => {
    const now = gauge(state, nowMs);
    const next = nextScale(scale, signal === "latency" ? now.speed : now.health, floor, nowMs);
    if (next.value !== scale.value) scaled = scaledRule(full, next.value);
    scale = next;
    return scaled;
  };
}

function scaledRule(full: Rule, value: number): Rule {
  const part = (units: number) => Math.max(1, Math.floor(units * value));
  return { ...full, limit: part(full.limit), burst: part(full.burst) };
}
