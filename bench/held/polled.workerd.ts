/** Fairlead whose isolates poll: the hub waits `POLL_MS` for them and answers with what it then has, change or not. 0: it holds. */
import { env } from "cloudflare:workers";
import { RegionHub as HoldingHub } from "../../durable-objects/region-hub.ts";
import type { SyncAnswer, SyncRequest } from "../../src/agreement/protocol.ts";

export * from "../../src/index.ts";
export { default } from "../../src/index.ts";

const pollMs = Number((env as { POLL_MS?: string }).POLL_MS);

export class RegionHub extends HoldingHub {
  override async sync(request: SyncRequest): Promise<SyncAnswer> {
    if (pollMs === 0) return super.sync(request);
    await scheduler.wait(pollMs);
    return super.sync({ ...request, lease: false });
  }
}
