/** An origin in a process of its own, as in the real world; steered over Node's process channel. Run directly, this file is that process. */
import { fileURLToPath } from "node:url";
import { HEALTHY, type Behaviour } from "./behaviour.ts";
import type { Origin, OriginCounts, OriginSpec } from "./origin.ts";
import { startOriginServer } from "./origin-server.ts";
import { startProcess, waitUntil, type RunningProcess } from "./process.ts";

type Order = { readonly id: number } & ({ readonly behave: Behaviour } | { readonly counts: true });
interface Reply {
  readonly id: number;
  readonly counts?: OriginCounts;
  readonly error?: string;
}
type Message = Reply | { readonly ready: true };

/**
 * Starts an origin as a process.
 *
 * @throws Error when it ends before it listens, with what it said
 */
export async function startOriginProcess(spec: OriginSpec): Promise<Origin & { readonly process: RunningProcess }> {
  const running = await startProcess({
    name: `origin ${spec.name}`,
    command: process.execPath,
    args: [fileURLToPath(import.meta.url), JSON.stringify(spec)],
    ipc: true,
  });
  const { child } = running;
  const waiting = new Map<number, (reply: Reply) => void>();
  let ready = false;
  let behaviour = HEALTHY;
  let orders = 0;
  child.on("message", (message: Message) => {
    if ("ready" in message) ready = true;
    else waiting.get(message.id)?.(message);
  });

  async function order(what: { behave: Behaviour } | { counts: true }): Promise<OriginCounts | undefined> {
    const id = ++orders;
    const replied = new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
    });
    child.send({ id, ...what } satisfies Order, () => {});
    const reply = await Promise.race([replied, running.exited.then(() => undefined)]);
    waiting.delete(id);
    if (reply === undefined) throw new Error(`${running.name} has ended`);
    if (reply.error !== undefined) throw new Error(`${running.name}: ${reply.error}`);
    return reply.counts;
  }

  await waitUntil(`${running.name} listens on port ${spec.port}`, () => ready, { alive: [running] });
  return {
    spec,
    url: `http://127.0.0.1:${spec.port}`,
    process: running,
    behaviour: () => behaviour,
    async behave(next) {
      await order({ behave: next });
      behaviour = next;
    },
    counts: async () => (await order({ counts: true }))!,
    stop: () => running.stop(),
  };
}

async function serveOrders(spec: OriginSpec): Promise<void> {
  // Without its starter an origin has no purpose.
  process.on("disconnect", () => process.exit());
  const origin = await startOriginServer(spec);
  process.on("message", (order: Order) => {
    void (async () => {
      try {
        if ("behave" in order) await origin.behave(order.behave);
        process.send?.({ id: order.id, counts: await origin.counts() } satisfies Message);
      } catch (error) {
        process.send?.({ id: order.id, error: String(error) } satisfies Message);
      }
    })();
  });
  process.send?.({ ready: true } satisfies Message);
}

if (import.meta.main) await serveOrders(JSON.parse(process.argv[2]!) as OriginSpec);
