/** What overrides make of a hub's origins: which there are, by what rules, and which of them came with the deployment. */
import { layOver, type Overlay } from "../src/agreement/overlay.ts";
import type { Override } from "../src/agreement/override.ts";
import type { OriginId } from "../src/agreement/protocol.ts";
import type { SectionState } from "../src/agreement/section.ts";
import { configDigest } from "../src/config/digest.ts";
import { originSettings, type OriginSettings } from "../src/config/origin-settings.ts";
import type { Config } from "../src/config/schema.ts";

export class HubOverlay {
  readonly #base: Config;
  readonly #update: (settings: ReadonlyMap<OriginId, OriginSettings>) => void;
  /** The base's name; "" until it has been worked out, and no override is made for that. */
  #digest = "";
  #laid: Overlay;
  #version = 0;

  /** @param update told which origins there are, when that has changed */
  constructor(base: Config, update: (settings: ReadonlyMap<OriginId, OriginSettings>) => void) {
    this.#base = base;
    this.#laid = layOver(base, "", new Map(), 0);
    this.#update = update;
    void this.#nameBase();
  }

  async #nameBase(): Promise<void> {
    this.#digest = await configDigest(this.#base);
    this.#version = -1;
  }

  /** As of the last look. */
  get laid(): Overlay {
    return this.#laid;
  }

  /** Looks whether overrides have changed, or the time of one has passed. Costs two comparisons when not. */
  look({ version, entries }: SectionState<Override>, nowMs: number): void {
    if (version === this.#version && nowMs < this.#laid.nextChangeMs) return;
    this.#version = version;
    const standing = [...entries].flatMap(([key, { value }]) => (value === null ? [] : [[key, value] as const]));
    const before = this.#laid.config;
    this.#laid = layOver(this.#base, this.#digest, new Map(standing), nowMs);
    const { config, addedAtMs } = this.#laid;
    if (config !== before) this.#update(originSettings(config, addedAtMs));
  }
}
