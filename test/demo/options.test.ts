import { describe, expect, it } from "vitest";
import { parseOptions, portsOf } from "../../demo/options.ts";

const DEFAULTS = { port: 8787, originPort: 9101, controlPort: 9100, scenario: undefined, json: false, help: false };

function parse(...args: string[]) {
  return parseOptions(args, ["region-outage", "flapping"]);
}

describe("the demo's command line", () => {
  it("has defaults for everything", () => {
    expect(parse()).toEqual({ options: DEFAULTS });
    expect(portsOf(DEFAULTS).map(({ port }) => port)).toEqual([8787, 9100, 9101, 9102, 9103, 9104]);
  });

  it("takes every option", () => {
    expect(
      parse("--port=1", "--origin-port", "65532", "--control-port", "3", "--scenario", "flapping", "--json"),
    ).toEqual({
      options: { port: 1, originPort: 65_532, controlPort: 3, scenario: "flapping", json: true, help: false },
    });
    expect(parse("-h")).toEqual({ options: { ...DEFAULTS, help: true } });
  });

  it.each([
    [["--prot", "1"], /^Unknown option '--prot'\. Expected --port, --origin-port, --control-port, --scenario, /],
    [["region-outage"], /^Unexpected argument 'region-outage'\. /],
    [["--port"], /^Option '--port <value>' argument missing\. /],
    [["--port", "--json"], /^Option '--port' argument is ambiguous\. /],
    [["--json=yes"], /^Option '--json' does not take an argument\. /],
    [["--port", "80a"], /^Expected --port to be a port from 1 to 65535, got "80a"$/],
    [["--port", "0"], /^Expected --port to be a port from 1 to 65535, got "0"$/],
    [["--port", "65536"], /^Expected --port to be a port from 1 to 65535, got "65536"$/],
    [["--port", ""], /^Expected --port to be a port from 1 to 65535, got ""$/],
    [["--origin-port", "65533"], /^Expected --origin-port to be a port from 1 to 65532, got "65533"$/],
    [["--control-port", "1e3"], /^Expected --control-port to be a port from 1 to 65535, got "1e3"$/],
    [["--scenario", "flood"], /^Expected --scenario to be one of region-outage, flapping, got "flood"$/],
    [["--json"], /^Expected --json together with --scenario$/],
    [["--port", "9100"], /^Expected --control-port to leave port 9100 to the Worker, got it for the control server$/],
    [["--port", "9103"], /^Expected --origin-port to leave port 9103 to the Worker, got it for origin 3 of 4$/],
  ])("refuses %j in one line that names the flag", (args, message) => {
    const parsed = parse(...args);
    expect(parsed).toEqual({ problem: expect.stringMatching(message) as string });
    expect("problem" in parsed && parsed.problem).not.toContain("\n");
  });

  it("notices options that npm took for its own", () => {
    expect(parseOptions([], ["region-outage"], { npm_config_scenario: "region-outage" })).toEqual({
      problem: 'Expected --scenario after "--", got it before: npm run demo -- --scenario ...',
    });
  });
});
