// What a service's limits make of what each of them says; the modes themselves are in limit.workerd.test.ts.
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/define.ts";
import type { Exchange } from "../../src/proxy/exchange.ts";
import { openLimits } from "../../src/proxy/limit.ts";
import type { TakeAnswer, TakeRequest } from "../../src/rate-limit/messages.ts";

const GRANTED: TakeAnswer = { granted: true, slices: [], remaining: 4, retryMs: 0, resetMs: 1_000 };
const REFUSED: TakeAnswer = { granted: false, slices: [], remaining: 0, retryMs: 9_000, resetMs: 9_000 };

interface LimitWritten {
  readonly name: string;
  readonly limit: number;
  readonly onError?: "allow" | "deny";
  readonly dryRun?: boolean;
}

/** A service with these limits, each of its own kind of rule, whose limiters answer as `says` has it by the rule's limit. */
function setUp(rateLimits: readonly LimitWritten[], says: (limit: number) => Promise<TakeAnswer>) {
  const config = defineConfig({
    services: {
      s: {
        hosts: ["s.test"],
        pools: { p: { region: "weur", origins: [{ id: "o1", url: "https://o1.test" }] } },
        rateLimits: rateLimits.map((over) => ({ key: ["constant"], windowSeconds: 60, mode: "exact", ...over })),
      },
    },
  });
  const refunded: string[] = [];
  const taken = new Map<string, number>();
  const limiter = {
    take: ({ id, rule }: TakeRequest) => {
      taken.set(id, rule.limit);
      return says(rule.limit);
    },
    giveBack: (_done: unknown, refunds: readonly string[]) => {
      refunded.push(...refunds.map((id) => `limit of ${taken.get(id)}`));
      return Promise.resolve();
    },
  };
  const limits = openLimits("s", config.services["s"]!, { RATE_LIMITER: { getByName: () => limiter } });
  const counted: string[] = [];
  const exchange = {
    view: {
      agreed: { logged: { overrides: { version: 0, entries: new Map() } } },
      report: { count: (_service: string, counter: string) => counted.push(counter) },
    },
    state: {},
    startedMs: Date.now(),
    context: createExecutionContext(),
    method: "GET",
    host: "s.test",
    path: "/",
    target: "/",
    headers: new Headers(),
    fields: { clientAddress: "203.0.113.7" },
  } as unknown as Exchange;
  /** The refusal, or null, and the field that tells clients of it. */
  const answered = async () => {
    const admission = await limits.admit(exchange);
    return { refusal: admission.refusal, told: admission.dress(new Response()).headers.get("RateLimit") };
  };
  return { answered, admit: async () => (await answered()).refusal, counted, refunded };
}

const away = () => Promise.reject<TakeAnswer>(new Error("away"));

describe("a limiter that does not answer", () => {
  it("lets the request in where the limit says `allow`, and is counted", async () => {
    const { admit, counted } = setUp([{ name: "a", limit: 5, onError: "allow" }], away);
    expect(await admit()).toBeNull();
    expect(counted).toEqual(["limit.a.unanswered-allowed"]);
  });

  it("turns it away where the limit says `deny`, with its name", async () => {
    const { admit, counted } = setUp([{ name: "a", limit: 5, onError: "deny" }], away);
    expect(await admit()).toEqual({ kind: "limiter-unanswered", limits: ["a"], retryAfterSeconds: 1 });
    expect(counted).toEqual(["limit.a.unanswered-denied"]);
  });

  it("turns nobody away in a dry run", async () => {
    const { admit, counted } = setUp([{ name: "a", limit: 5, onError: "deny", dryRun: true }], away);
    expect(await admit()).toBeNull();
    expect(counted).toEqual(["limit.a.unanswered-allowed"]);
  });
});

describe("several limits", () => {
  const WIDE = { name: "wide", limit: 50 };
  const NARROW = { name: "narrow", limit: 5 };
  const narrowRefuses = (limit: number) => Promise.resolve(limit === 5 ? REFUSED : GRANTED);

  it("are all reserved, and what was reserved comes back when one refuses", async () => {
    const { admit, refunded, counted } = setUp([WIDE, NARROW], narrowRefuses);
    expect(await admit()).toEqual({ kind: "quota-exceeded", limits: ["narrow"], retryAfterSeconds: 9 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refunded).toEqual(["limit of 50"]);
    expect(counted.toSorted()).toEqual(["limit.narrow.refused", "limit.wide.admitted"]);
  });

  it("tell a client that was turned away what there is without it", async () => {
    const { answered } = setUp([WIDE, NARROW], narrowRefuses);
    expect((await answered()).told).toBe('"wide";r=5;t=1, "narrow";r=0;t=9');
    const { answered: admitted } = setUp([WIDE], narrowRefuses);
    expect((await admitted()).told).toBe('"wide";r=4;t=1');
  });

  it("keep what was reserved when one only would have refused", async () => {
    const { admit, refunded, counted } = setUp([WIDE, { ...NARROW, dryRun: true }], narrowRefuses);
    expect(await admit()).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refunded).toEqual([]);
    expect(counted).toContain("limit.narrow.dry-run-refused");
  });
});
