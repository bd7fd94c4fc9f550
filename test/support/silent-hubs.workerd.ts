/** Fairlead with one hub that never answers what the API and breakers say to it, and one that breaks over it. Isolates are served as ever. */
import { RegionHub as Hub } from "../../durable-objects/region-hub.ts";
import type { HubForApi } from "../../durable-objects/hub-description.ts";

export * from "../../src/index.ts";
export { default } from "../../src/index.ts";

const SILENT = "enam";
const BROKEN = "apac";

export class RegionHub extends Hub implements HubForApi {
  override statistics() {
    return this.#unless(() => super.statistics());
  }

  override performance(...asked: Parameters<Hub["performance"]>) {
    return this.#unless(() => super.performance(...asked));
  }

  override failovers() {
    return this.#unless(() => super.failovers());
  }

  override forgetStatistics() {
    return this.#unless(() => super.forgetStatistics());
  }

  override push(...change: Parameters<Hub["push"]>) {
    return this.#unless(() => super.push(...change));
  }

  override reload() {
    return this.#unless(() => super.reload());
  }

  #unless<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
    const { name } = this.ctx.id;
    if (name === BROKEN) return Promise.reject(new Error("broken by a test"));
    return name === SILENT ? new Promise(() => undefined) : answer();
  }
}
