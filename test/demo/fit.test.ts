import { expect, it } from "vitest";
import { whatIsMissing } from "../../demo/fit.ts";
import config from "../../fairlead.config.ts";
import { defineConfig } from "../../src/config/define.ts";

it("the demo plays the configuration that comes with the project", () => {
  expect(whatIsMissing(config)).toBeNull();
});

it("the demo says what it misses in another one", () => {
  const { demo } = config.services;
  const { apac: _gone, ...pools } = demo!.pools;
  const other = defineConfig({ services: { shop: { ...demo!, hosts: ["shop.localhost"], pools } } });
  expect(whatIsMissing(other)).toContain("without a service on demo.localhost and the origins apac1.");
});
