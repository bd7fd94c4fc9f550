/** What wrangler.toml says, as wrangler reads it; read once for many processes where that will do. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type * as Wrangler from "wrangler";

/** Where wrangler.toml lies. */
export const PROJECT = resolve(import.meta.dirname, "..");

export const WRANGLER_CONFIG = join(PROJECT, "wrangler.toml");

/** What of wrangler.toml is read or replaced; the rest is passed on as it is. */
export interface RawWranglerConfig extends Record<string, unknown> {
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags?: readonly string[];
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly assets?: { readonly directory?: string };
  readonly build?: { readonly cwd?: string };
  readonly alias?: Readonly<Record<string, string>>;
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
}

/** Plain data: it can be handed to another process. */
export interface WranglerToml {
  readonly raw: RawWranglerConfig;
  /** Whether a Durable Object class keeps its state in SQLite, by its name, as the migrations say. */
  readonly sqlite: Readonly<Record<string, boolean>>;
}

let known: WranglerToml | undefined;

/** Reads it, the first time. */
export function wranglerToml(): WranglerToml {
  return (known ??= read());
}

/** Has this process read nothing itself: `toml` is what another has read. */
export function takeWranglerToml(toml: WranglerToml): void {
  known = toml;
}

function read(): WranglerToml {
  // Loading wrangler takes more than a second, so it is left to whoever needs it first.
  const wrangler = createRequire(import.meta.url)("wrangler") as typeof Wrangler;
  const { rawConfig } = wrangler.experimental_readRawConfig({ config: WRANGLER_CONFIG });
  const classes = wrangler.unstable_getDurableObjectClassNameToUseSQLiteMap(rawConfig.migrations ?? []);
  return {
    raw: rawConfig as RawWranglerConfig,
    sqlite: Object.fromEntries(classes) as Record<string, boolean>,
  };
}
