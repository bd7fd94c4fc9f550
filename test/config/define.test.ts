import { describe, expect, it } from "vitest";
import { ConfigError, defineConfig } from "../../src/config/define.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

const origin = { id: "o1", url: "http://127.0.0.1:9101" };
const service = (over: object = {}) => ({
  hosts: ["a.test"],
  pools: { p: { region: "enam", origins: [origin] } },
  ...over,
});

const ITSELF: unknown[] = [];
ITSELF.push({ ITSELF });

/** Runs a configuration that the types would refuse, as a plain JavaScript user could. */
function messageOf(input: unknown): string {
  try {
    defineConfig(input as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a sound configuration", () => {
  it("gets every default", () => {
    const config = defineConfig({ services: { s: service() } } as ConfigInput);
    expect(config.regions).toEqual(["enam", "wnam", "weur", "apac"]);
    expect(config.services["s"]!.retry.attempts).toBe(3);
    expect(config.services["s"]!.pools["p"]!.origins[0]!.weight).toBe(1);
  });
});

describe("a wrong configuration names the field, what was expected and what came", () => {
  const cases: [string, unknown, string][] = [
    [
      "a wrong type",
      { services: { s: service({ hosts: "a.test" }) } },
      'Expected `services.s.hosts` to be an array, got "a.test"',
    ],
    [
      "an unknown field",
      { services: { s: service({ hostz: 1 }) } },
      "Expected `services.s.hostz` to be absent (no such field), got 1",
    ],
    [
      "a negative weight",
      { services: { s: service({ pools: { p: { region: "enam", origins: [{ ...origin, weight: -1 }] } } }) } },
      "Expected `services.s.pools.p.origins.0.weight` to be a number >= 0, got -1",
    ],
    [
      "an unknown region",
      { services: { s: service({ pools: { p: { region: "mars", origins: [origin] } } }) } },
      'Expected `services.s.pools.p.region` to be one of "wnam"',
    ],
    ...[Number.NaN, Number.POSITIVE_INFINITY, 1n].map((weight): [string, unknown, string] => [
      `a weight that JSON has no word for: ${weight}`,
      { services: { s: service({ pools: { p: { region: "enam", origins: [{ ...origin, weight }] } } }) } },
      `to be a number, got ${typeof weight === "bigint" ? "a bigint" : weight}`,
    ]),
    ["what contains itself", { services: { s: service({ hosts: ITSELF }) } }, "to be a string, got an object"],
    ...["Host", "content-length", "Transfer-Encoding", "Connection"].map((name): [string, unknown, string] => [
      `a request field ${name}, which the runtime writes itself`,
      { services: { s: service({ request: { headers: { set: { [name]: "x" } } } }) } },
      `Expected \`services.s.request.headers.set.${name}\` to be named by a field that the runtime does not write itself`,
    ]),
    [
      "a misspelt secret",
      { services: { s: service({ response: { headers: { set: { "X-A": { secrett: "A" } } } } }) } },
      'or { secret: "NAME" }, got {"secrett":"A"}',
    ],
    [
      "an answer with a broken field",
      {
        services: {
          s: service({ steering: { rules: [{ then: { respond: { status: 200, headers: { a: "b\n" } } } }] } }),
        },
      },
      "to be an HTTP field value without CR, LF or NUL",
    ],
    [
      "a rewrite from nowhere",
      { services: { s: service({ request: { rewrite: [{ from: "x", to: "/y" }] } }) } },
      'Expected `services.s.request.rewrite.0.from` to be a path prefix that starts with "/", got "x"',
    ],
    [
      "an address that is none",
      { services: { s: service({ access: { allow: ["10.0.0.0/33"] } }) } },
      "Expected `services.s.access.allow.0` to be an IP address or a CIDR",
    ],
    ["no service", { services: {} }, "Expected `services` to be at least one service"],
    [
      "a service without pools",
      { services: { s: service({ pools: {} }) } },
      "Expected `services.s.pools` to be at least one pool",
    ],
    [
      "a pool without origins",
      { services: { s: service({ pools: { p: { region: "enam", origins: [] } } }) } },
      "Expected `services.s.pools.p.origins` to be a list of >= 1 elements",
    ],
    [
      "an origin id used twice",
      { services: { s: service({ pools: { p: { region: "enam", origins: [origin, origin] } } }) } },
      "Expected `services.s.pools.p.origins.1.id` to be an id not used before (it is taken by `services.s.pools.p.origins.0.id`)",
    ],
    [
      "a host taken twice",
      {
        services: {
          s: service(),
          t: service({ pools: { p: { region: "enam", origins: [{ ...origin, id: "o2" }] } } }),
        },
      },
      "Expected `services.t.hosts.0` to be a host whose path `/*` is not taken",
    ],
    [
      "a region named twice",
      { regions: ["enam", "enam"], services: { s: service() } },
      "Expected `regions.1` to be a region not named before",
    ],
    [
      "half a millisecond",
      { services: { s: service({ monitor: { timeoutMs: 0.5 } }) } },
      "Expected `services.s.monitor.timeoutMs` to be an integer, got 0.5",
    ],
    ["services in a list", { services: "web" }, 'Expected `services` to be an object, got "web"'],
    ["nothing at all", undefined, "Expected `config` to be an object, got nothing"],
  ];
  it.each(cases)("%s", (_, input, message) => expect(messageOf(input)).toContain(message));

  it.each([
    ["ftp://x/", "an http or https URL"],
    ["not a url", "an absolute http or https URL"],
    ["http://x/?q=1", "a URL without query and fragment"],
  ])("an origin URL %s", (url, expected) => {
    const message = messageOf({
      services: { s: service({ pools: { p: { region: "enam", origins: [{ id: "o", url }] } } }) },
    });
    expect(message).toContain(`Expected \`services.s.pools.p.origins.0.url\` to be ${expected}`);
  });

  it("credentials in an origin URL are refused and not repeated", () => {
    const message = messageOf({
      services: {
        s: service({ pools: { p: { region: "enam", origins: [{ id: "o", url: "http://u:hunter2@x/" }] } } }),
      },
    });
    expect(message).toContain("a URL without credentials");
    expect(message).not.toContain("hunter2");
  });

  it("tells all of them at once", () => {
    const message = messageOf({ regions: [], services: { s: service({ hosts: [], debugHeaders: "yes" }) } });
    expect(message).toContain("3 wrong fields");
  });
});

describe("a path that no request could ever match is refused", () => {
  const places: [string, (path: string) => object][] = [
    ["a service's", (path) => ({ paths: [path] })],
    ["a limit's", (path) => ({ rateLimits: [{ name: "l", match: { paths: [path] }, limit: 1, windowSeconds: 1 }] })],
    ["a cache rule's", (path) => ({ cache: { rules: [{ match: { paths: [path] } }] } })],
    ["a retry override's", (path) => ({ retry: { overrides: [{ paths: [path], retry: {} }] } })],
    ["a priority's", (path) => ({ priorities: { rules: [{ level: "low", paths: [path] }] } })],
    ["a steering rule's", (path) => ({ steering: { rules: [{ match: { paths: [path] }, then: { pools: ["p"] } }] } })],
  ];
  const told = (over: object) => messageOf({ services: { s: service(over) } });

  it.each(places)("as %s", (_, over) => {
    expect(told(over("/admin%2f*"))).toMatch(/1 wrong field[^]*paths\.0` to be a path as requests are compared/);
    expect(told(over("/admin%2F*"))).toBe("accepted");
  });

  it.each(["/%41", "/%7E", "/café", "/a b", "/a/../b", "/.", "/a/..", "/%zz", '/"a"', "/a\\b"])("%s", (path) => {
    expect(told({ paths: [path] })).toContain("as requests are compared");
  });

  it.each(["/", "/*", "/.*", "/.well-known/*", "/a/..*", "/a..b", "/%C3%A9", "/%20", "/a;b=c,(d)!$&'+:@~", "//"])(
    "but not %s",
    (path) => {
      expect(told({ paths: [path] })).toBe("accepted");
    },
  );
});
