import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HubContact } from "../../durable-objects/hub-contact.ts";
import { noHubCalls } from "../../durable-objects/hub-description.ts";
import { mayGrant, startHub } from "../../src/agreement/hub-state.ts";
import type { ContactAnswer, ControlPlaneForHubs } from "../../src/agreement/protocol.ts";
import { CONTACT_LEASE_MS } from "../../src/agreement/timing.ts";

const REGISTERED: ContactAnswer = { registered: true, delta: {}, shards: 1 };

/** A hub's line to a ControlPlane that takes `tripMs` to answer. */
function setUp(tripMs = 0) {
  const contact = vi.fn<() => Promise<ContactAnswer>>(
    () => new Promise<ContactAnswer>((resolve) => setTimeout(() => resolve(REGISTERED), tripMs)),
  );
  const controlPlane = { contact, leave: () => Promise.resolve() } satisfies ControlPlaneForHubs;
  const state = startHub({ name: "weur", region: "weur", instance: "hub-1" }, 0, Date.now(), 0);
  const line = new HubContact({
    controlPlane: () => controlPlane,
    state: () => state,
    slowMs: () => 0,
    counters: noHubCalls(),
    answered: () => undefined,
  });
  return { line, contact, mayGrant: () => mayGrant(state, Date.now()) };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("a hub's place in the registry", () => {
  it("lasts thirty seconds from sending the contact, however late its answer came", async () => {
    const { line, mayGrant } = setUp(1_500);
    const called = line.once();
    await vi.advanceTimersByTimeAsync(1_500);
    await called;
    await vi.advanceTimersByTimeAsync(CONTACT_LEASE_MS - 1_501);
    expect(mayGrant()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(mayGrant()).toBe(false);
  });

  it("ends by its timer where the clock was set back unseen", async () => {
    const { line, mayGrant } = setUp();
    const called = line.once();
    await vi.advanceTimersByTimeAsync(0);
    await called;
    const sentMs = Date.now();
    await vi.advanceTimersByTimeAsync(CONTACT_LEASE_MS);
    vi.setSystemTime(sentMs + 1);
    expect(mayGrant()).toBe(false);
  });

  it("is asked for once at a time, and not again for a second after it was not given", async () => {
    const { line, contact } = setUp(60_000);
    const called = Promise.all([line.once(), line.once()]);
    await vi.advanceTimersByTimeAsync(2_000);
    await called;
    await line.once();
    expect(contact).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    void line.once();
    expect(contact).toHaveBeenCalledTimes(2);
  });
});
