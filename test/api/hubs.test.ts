import { describe, expect, it } from "vitest";
import { askHubs } from "../../src/api/hubs.ts";
import { bench } from "./support.ts";

describe("hubs that are asked", () => {
  it("are all regions' and those that the registry knows; one that is away is named and not waited for", async () => {
    const { system } = await bench();
    const [, silent, broken] = system.config.regions;
    const asked = {
      ...system,
      control: { ...system.control, hubs: () => Promise.resolve([{ hub: "weur.1" }, { hub: "weur" }]) },
      hub: (name: string) => {
        if (name === silent) return { ...system.hub(name), statistics: () => new Promise<never>(() => undefined) };
        if (name === broken) return { ...system.hub(name), statistics: () => Promise.reject(new Error("broken")) };
        return system.hub(name);
      },
    };
    const startedMs = performance.now();
    const { answers, away } = await askHubs(asked, (hub) => hub.statistics());
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(new Set([...answers.keys(), ...away])).toEqual(new Set([...system.config.regions, "weur.1"]));
    expect(new Set(away)).toEqual(new Set([silent, broken]));
  });

  it("are the configured regions' when the registry cannot be reached", async () => {
    const { system } = await bench();
    const control = { ...system.control, hubs: () => Promise.reject(new Error("away")) };
    const { answers } = await askHubs({ ...system, control }, (hub) => hub.statistics());
    expect([...answers.keys()]).toEqual([...system.config.regions]);
  });
});
