import { describe, expect, it } from "vitest";
import { takersOfAdminHosts } from "../../src/config/admin-reach.ts";
import { defineConfig } from "../../src/config/define.ts";

const takers = (hosts: string[], paths: string[], admin: string[]) =>
  takersOfAdminHosts(
    defineConfig({
      admin: { hosts: admin },
      services: {
        shop: { hosts, paths, pools: { p: { region: "enam", origins: [{ id: "o", url: "http://origin.test" }] } } },
      },
    }),
  );

describe("takersOfAdminHosts", () => {
  it.each([
    [["*"], ["ops.test", "*.workers.dev"]],
    [["*.test"], ["ops.test", "*.a.test"]],
    [["ops.test"], ["ops.test"]],
  ])("names a service of %j where the control plane has %j", (hosts, admin) => {
    expect(takers(hosts, ["/*"], admin)).toEqual(["shop"]);
  });

  it.each([
    ["there is none to take", ["*"], ["/*"], []],
    ["one is left", ["ops.test"], ["/*"], ["ops.test", "other.test"]],
    ["a part of one is left", ["*"], ["/shop/*"], ["ops.test"]],
    ["a service has what is below it", ["*.ops.test"], ["/*"], ["ops.test"]],
  ])("names nobody where %s", (_, hosts, paths, admin) => {
    expect(takers(hosts, paths, admin)).toEqual([]);
  });
});
