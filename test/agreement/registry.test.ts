import { describe, expect, it } from "vitest";
import type { ConfirmAnswer } from "../../src/agreement/protocol.ts";
import {
  confirmation,
  forgetReplaced,
  leave,
  register,
  renew,
  restoreRegistry,
  SILENCE_MS,
  type Registry,
} from "../../src/agreement/registry.ts";
import { TICK_MS } from "../../src/agreement/timing.ts";

const hub = (instance: string) => ({ instance, hub: "weur", region: "weur" as const });
const done = (instance: string): [string, ConfirmAnswer] => [
  instance,
  { instance, complete: true, effectiveWithinMs: 0 },
];

function registered(...instances: string[]): Registry {
  const registry: Registry = new Map();
  for (const instance of instances) register(registry, hub(instance), 0);
  return registry;
}

describe("the registry of hubs", () => {
  it("waits for nobody when no hub has registered", () => {
    expect(confirmation(new Map(), new Map(), 0)).toEqual({
      complete: true,
      effectiveWithinMs: 0,
      hubs: { confirmed: 0, total: 0 },
    });
  });

  it("takes the word of the registered instance and of no other", () => {
    const registry = registered("one");
    expect(confirmation(registry, new Map([done("other")]), 0).complete).toBe(false);
    expect(confirmation(registry, new Map([done("one")]), 0).complete).toBe(true);
  });

  it("waits for an instance that was replaced until its last leases have run out", () => {
    const registry = registered("one", "two");
    const answers = new Map([done("two")]);
    expect(confirmation(registry, answers, 10_000)).toMatchObject({
      complete: false,
      effectiveWithinMs: SILENCE_MS + TICK_MS - 10_000,
    });
    expect(confirmation(registry, answers, SILENCE_MS + TICK_MS).complete).toBe(true);
    expect(forgetReplaced(registry, SILENCE_MS + TICK_MS).drop).toEqual(["one"]);
  });

  it("does not let an instance back that was replaced, however often its messages come", () => {
    const registry = registered("one", "two");
    register(registry, hub("one"), 100);
    expect(renew(registry, "one", 100)).toBe(false);
    expect(renew(registry, "two", 100)).toBe(true);
  });

  it("waits for a hub that cannot be reached until it must have stopped, and from then on no longer", () => {
    const registry = registered("one");
    renew(registry, "one", 20_000);
    const silent = new Map<string, ConfirmAnswer>();
    expect(confirmation(registry, silent, 20_000).effectiveWithinMs).toBe(SILENCE_MS + TICK_MS);
    expect(confirmation(registry, silent, 20_000 + SILENCE_MS + TICK_MS).complete).toBe(true);
  });

  it("counts every hub as just heard of after a restart", () => {
    const registry = restoreRegistry(
      [
        { ...hub("one"), current: false },
        { ...hub("two"), current: true },
      ],
      0,
    );
    expect(confirmation(registry, new Map([done("two")]), 0).effectiveWithinMs).toBe(SILENCE_MS + TICK_MS);
  });

  it("forgets a hub that has left", () => {
    const registry = registered("one");
    expect(leave(registry, "one").drop).toEqual(["one"]);
    expect(confirmation(registry, new Map(), 0).complete).toBe(true);
    expect(renew(registry, "one", 0)).toBe(false);
  });
});
