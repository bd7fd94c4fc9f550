import { describe, expect, it } from "vitest";
import { effectiveConfig, layOver, servicesWithoutOrigins } from "../../src/agreement/overlay.ts";
import { overrideKey, type Override } from "../../src/agreement/override.ts";
import { defineConfig } from "../../src/config/define.ts";
import { originSchema } from "../../src/config/origin.ts";

const base = defineConfig({
  registration: { allow: ["https://*.origins.example.com"] },
  services: {
    shop: {
      hosts: ["shop.example.com"],
      pools: {
        eu: { region: "weur", origins: [{ id: "eu1", url: "https://eu1.example.com" }] },
        us: { region: "enam", origins: [{ id: "us1", url: "https://us1.example.com" }] },
      },
    },
    blog: {
      hosts: ["blog.example.com"],
      pools: { eu: { region: "weur", origins: [{ id: "blog1", url: "https://blog1.example.com" }] } },
    },
  },
});
const lay = (overrides: readonly Override[], nowMs = 1_000) =>
  layOver(base, "base", new Map(overrides.map((override) => [overrideKey(override), override])), nowMs);
const administrative = (
  origin: string,
  state: "draining" | "disabled",
  expiresAtMs: number | null = null,
): Override => ({
  kind: "administrative",
  origin,
  state,
  expiresAtMs,
});
const failure = (origin: string): Override => ({ kind: "failure", origin, expiresAtMs: null });
const registration = (id: string, over: Partial<{ url: string; pool: string }> = {}): Override => ({
  kind: "registration",
  service: "shop",
  pool: over.pool ?? "eu",
  origin: originSchema.parse({ id, url: over.url ?? `https://${id}.origins.example.com` }),
  ttlSeconds: null,
  expiresAtMs: null,
});

describe("overrides laid over a configuration", () => {
  it("change nothing when there are none", () => {
    const overlay = lay([]);
    expect(overlay.config).toBe(base);
    expect(overlay.nextChangeMs).toBe(Infinity);
  });

  it("leave services that they do not restructure the same objects", () => {
    const { config } = lay([{ kind: "policy", service: "shop", policy: "random", expiresAtMs: null }]);
    expect(config.services["shop"]!.steering.policy).toBe("random");
    expect(config.services["shop"]!.steering.within).toBe(base.services["shop"]!.steering.within);
    expect(config.services["blog"]).toBe(base.services["blog"]);
  });

  it("apply until they expire, and say when the first does", () => {
    const overrides = [administrative("eu1", "draining", 5_000), administrative("us1", "disabled", 9_000)];
    expect(lay(overrides, 4_999).administrative.get("eu1")).toBe("draining");
    expect(lay(overrides, 4_999).nextChangeMs).toBe(5_000);
    expect(lay(overrides, 5_000).administrative.has("eu1")).toBe(false);
    expect(lay(overrides, 5_000).nextChangeMs).toBe(9_000);
  });

  it("take in a registered origin in steps, or not before they are told to", () => {
    const steps = { sinceMs: 1_000, from: 0, before: "disabled", stepPercent: 40, stepSeconds: 1 } as const;
    const at = (sinceMs: number | null, nowMs: number) => {
      const overlay = lay([{ ...registration("new1"), taking: { ...steps, sinceMs } }], nowMs);
      return [overlay.administrative.get("new1"), overlay.shares.get("new1"), overlay.nextChangeMs];
    };
    expect(at(1_000, 1_000)).toEqual([undefined, 0.4, 2_000]);
    expect(at(1_000, 3_000)).toEqual([undefined, undefined, Infinity]);
    expect(at(null, 3_000)).toEqual(["waiting", undefined, Infinity]);
    const drained = lay([
      { ...registration("new1"), taking: { ...steps, sinceMs: null } },
      administrative("new1", "draining"),
    ]);
    expect(drained.administrative.get("new1")).toBe("waiting");
  });

  it("that name what is not there are listed and leave the rest alone", () => {
    const gone = [
      administrative("gone", "draining"),
      failure("gone"),
      registration("new1", { pool: "gone" }),
      { kind: "policy", service: "gone", policy: "random", expiresAtMs: null } as const,
    ];
    const { dangling, administrative: states } = lay([...gone, administrative("eu1", "draining")]);
    expect(dangling.toSorted()).toEqual(gone.map(overrideKey).toSorted());
    expect([...states]).toEqual([["eu1", "draining"]]);
  });

  it("put registered origins into their pools in the same order, whenever they were heard of", () => {
    const ids = (overrides: Override[]) =>
      lay(overrides).config.services["shop"]!.pools["eu"]!.origins.map((o) => o.id);
    expect(ids([registration("b"), registration("a")])).toEqual(["eu1", "a", "b"]);
    expect(ids([registration("a"), registration("b")])).toEqual(["eu1", "a", "b"]);
  });

  it("let no origin in that the deployed configuration does not allow (any more)", () => {
    const overlay = lay([registration("new1", { url: "http://169.254.169.254/" }), registration("eu1")]);
    expect(overlay.registered.size).toBe(0);
    expect(overlay.dangling).toHaveLength(2);
    expect(overlay.config).toBe(base);
  });

  it("with a whole configuration hold for the base it was made for, and are superseded on another", () => {
    const changed = { ...base, services: { shop: base.services["shop"]! } };
    const config = { kind: "config", base: "base", json: JSON.stringify(changed), expiresAtMs: null } as const;
    expect(Object.keys(lay([config]).config.services)).toEqual(["shop"]);
    const elsewhere = lay([{ ...config, base: "another" }]);
    expect(elsewhere.config).toBe(base);
    expect(elsewhere.superseded).toEqual(["config"]);
  });

  it("say which origins did not come with the deployment, and since when", () => {
    const by = { author: "ada", reason: "more room", atMs: 700 };
    expect(lay([]).addedAtMs.size).toBe(0);
    expect([...lay([{ ...registration("b"), by }, registration("a")]).addedAtMs]).toEqual([
      ["a", 0],
      ["b", 700],
    ]);
    const changed = structuredClone(base);
    const { origins } = changed.services["shop"]!.pools["eu"]!;
    origins.push({ ...origins[0]!, id: "eu2" });
    origins[0]!.url = "https://elsewhere.example.com";
    const json = JSON.stringify(changed);
    expect([...lay([{ kind: "config", base: "base", json, expiresAtMs: null, by }]).addedAtMs]).toEqual([
      ["eu1", 700],
      ["eu2", 700],
    ]);
  });

  it("show weights in the document of what is in force", () => {
    const overlay = lay([{ kind: "weight", origin: "eu1", weight: 7, expiresAtMs: null }]);
    expect(effectiveConfig(overlay).services["shop"]!.pools["eu"]!.origins[0]!.weight).toBe(7);
    expect(overlay.config).toBe(base);
  });
});

describe("a service without origins", () => {
  it("is one whose every origin is drained, disabled or counted as down", () => {
    expect(servicesWithoutOrigins(lay([administrative("eu1", "draining")]))).toEqual([]);
    expect(servicesWithoutOrigins(lay([administrative("eu1", "draining"), failure("us1")]))).toEqual(["shop"]);
    expect(servicesWithoutOrigins(lay([administrative("blog1", "disabled")]))).toEqual(["blog"]);
  });

  it("is none that a registered origin keeps alive", () => {
    const overrides = [administrative("eu1", "draining"), administrative("us1", "disabled"), registration("new1")];
    expect(servicesWithoutOrigins(lay(overrides))).toEqual([]);
  });
});
