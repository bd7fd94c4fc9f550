import { describe, expect, it } from "vitest";
import { defineConfig, ConfigError } from "../../src/config/define.ts";

const origin = (id: string) => ({ id, url: `https://${id}.example.com` });

function configured(failover: object) {
  return defineConfig({
    services: {
      shop: {
        hosts: ["shop.example.com"],
        pools: {
          eu: { region: "weur", origins: [origin("eu1"), origin("eu2")] },
          us: { region: "enam", origins: [origin("us1"), origin("eu")] },
          dr: { region: "oc", origins: [origin("dr1")] },
        },
        failover,
      },
    },
  });
}

/** What is wrong, a line each. */
function faults(failover: object): string {
  try {
    configured(failover);
    return "nothing";
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe("the configuration of backups", () => {
  it("takes pools and origins, in order", () => {
    expect(configured({ backups: ["eu2", "dr"], maxAttempts: 1 }).services["shop"]!.failover).toEqual({
      backups: ["eu2", "dr"],
      maxAttempts: 1,
    });
    expect(configured({}).services["shop"]!.failover).toEqual({ backups: [], maxAttempts: 2 });
  });

  it.each([
    [
      "a name that nothing has",
      ["moon"],
      'backups.0` to be a pool or an origin of this service (pools: eu, us, dr), got "moon"',
    ],
    ["a name that means two things", ["eu"], "a name that only a pool or only an origin has"],
    ["a pool twice", ["dr", "dr"], "backups.1` to be a backup not named before (`dr` has `dr1`)"],
    ["an origin of a pool that is one", ["dr", "dr1"], "backups.1` to be a backup not named before (`dr` has `dr1`)"],
    ["nothing left to back up", ["us", "dr", "eu1", "eu2"], "fewer than all origins"],
  ])("refuses %s", (_what, backups, fault) => {
    expect(faults({ backups })).toContain(fault);
  });

  it("refuses fields it does not know and numbers out of range", () => {
    expect(faults({ backup: ["dr"] })).toContain("`services.shop.failover.backup` to be absent");
    expect(faults({ maxAttempts: 0 })).toContain("`services.shop.failover.maxAttempts` to be a number >= 1, got 0");
  });
});
