/** A control plane in memory, with a token for every scope. */
import { controlPlane, controlPlaneApp } from "../../src/api/app.ts";
import { isolateMemory } from "../../src/api/objects.ts";
import type { ApiBindings, System } from "../../src/api/system.ts";
import { makeToken } from "../../src/config/admin-token.ts";
import { defineConfig } from "../../src/config/define.ts";
import { configDigest } from "../../src/config/digest.ts";
import type { Config, ConfigInput } from "../../src/config/schema.ts";
import { SCOPES, type Scope } from "../../src/config/scope.ts";
import { addressOf } from "../../src/proxy/address.ts";
import { makeRouter } from "../../src/proxy/route.ts";
import { makePlacer } from "../../src/steering/place.ts";
import { noSyncs } from "../../src/telemetry/sync-counters.ts";
import { openView } from "../../src/view/region-view.ts";
import { memoryObjects } from "./memory-objects.ts";

export const HOST = "https://admin.example.com";

export const SAMPLE: ConfigInput = {
  services: {
    shop: {
      hosts: ["shop.example.com"],
      pools: {
        eu: {
          region: "weur",
          origins: [
            { id: "eu1", url: "https://eu1.example.com", labels: { tier: "gold" }, version: "1" },
            { id: "eu2", url: "https://eu2.example.com", weight: 2, version: "2" },
          ],
        },
        us: { region: "enam", origins: [{ id: "us1", url: "https://us1.example.com", labels: { tier: "gold" } }] },
      },
    },
    blog: {
      hosts: ["blog.example.com"],
      pools: { only: { region: "weur", origins: [{ id: "blog1", url: "https://blog1.example.com" }] } },
    },
  },
};

export interface Bench {
  readonly config: Config;
  readonly system: System;
  readonly bindings: ApiBindings;
  readonly tokens: Readonly<Record<Scope, string>>;
  /** Moves the clock, ms. */
  readonly advance: (ms: number) => void;
  /** Calls as the holder of a scope's token; null: without credentials. */
  readonly call: (scope: Scope | null, method: string, path: string, init?: CallInit) => Promise<Response>;
}

export interface CallInit {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is started for later is nobody's here. */
const NO_CONTEXT = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };

/** Sets one up over `input`, with a clock of its own. */
export async function bench(input: ConfigInput = SAMPLE, extra: Partial<ApiBindings> = {}): Promise<Bench> {
  const config = defineConfig(input);
  let nowMs = 1_700_000_000_000;
  const digest = await configDigest(config);
  const view = openView(config, "weur", {
    base: digest,
    isolate: "bench",
    hubNamed: () => {
      throw new Error("There is no hub here");
    },
    counters: noSyncs(),
    clock: () => nowMs,
    random: () => 0.5,
    laid: (changed) => void (effective = changed),
  });
  let effective = config;
  const route = makeRouter(Object.entries(config.services).map(([name, service]) => ({ name, config: service })));
  const system: System = {
    config,
    digest,
    effective: () => effective,
    faultOf: () => null,
    faults: () => new Map(),
    viewFor: () => view,
    ...isolateMemory(() => [view]),
    ...memoryObjects(() => nowMs),
    viewFrom: () => view,
    placeOf: makePlacer(config.regions),
    serve: ({ url }) => Promise.resolve(new Response(`what is at ${url}`)),
    locate: (url) => {
      const { host, path, target } = addressOf(url);
      return { service: route(host, path)?.name ?? null, path, target };
    },
    now: () => nowMs,
  };
  const made = await Promise.all(
    SCOPES.map(async (scope) => [scope, await makeToken(`only-${scope}`, [scope])] as const),
  );
  const tokens = Object.fromEntries(made.map(([scope, { token }]) => [scope, token])) as Record<Scope, string>;
  const bindings: ApiBindings = { ADMIN_TOKENS: JSON.stringify(made.map(([, { stored }]) => stored)), ...extra };
  const api = controlPlane(system);
  return {
    config,
    system,
    bindings,
    tokens,
    advance: (ms) => void (nowMs += ms),
    call: (scope, method, path, init = {}) => {
      const headers = new Headers(init.headers);
      if (scope !== null) headers.set("Authorization", `Bearer ${tokens[scope]}`);
      if (init.body !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
      const body =
        init.body === undefined ? null : typeof init.body === "string" ? init.body : JSON.stringify(init.body);
      return api.fetch(new Request(HOST + path, { method, headers, body }), bindings, NO_CONTEXT);
    },
  };
}

/** The app, for its document. */
export async function sampleApp() {
  return controlPlaneApp((await bench()).system);
}
