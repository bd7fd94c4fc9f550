import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  controlOf,
  deltaSeconds,
  MAX_DELTA_SECONDS,
  parseCacheControl,
  requestDirectives,
} from "../../src/cache/cache-control.ts";
import { parseTargeted } from "../../src/cache/targeted-control.ts";
import { fields } from "./support.ts";

const seconds = (text: string, name = "max-age") => deltaSeconds(parseCacheControl(text), name);

describe("Cache-Control", () => {
  it.each([
    ["max-age=60", 60],
    ["MaX-aGe=60", 60],
    ['max-age="60"', 60],
    ["max-age=0060", 60],
    ["foo, max-age=60, bar=baz", 60],
    ["max-age=60, max-age=1", 60],
    ["max-age=99999999999", MAX_DELTA_SECONDS],
    ["max-age=60.9", 60],
  ])("reads %s", (text, expected) => expect(seconds(text)).toBe(expected));

  it.each(["max-age=-1", "max-age=a60", "max-age=60a", "max-age='60'", "max-age", "max-age=", "max-age= 60"])(
    "takes %s as a lifetime that cannot be trusted",
    (text) => expect(seconds(text)).toBeNaN(),
  );

  it("does not look into quoted strings of other directives", () => {
    expect(seconds('extension="max-age=60", max-age=1')).toBe(1);
    expect(parseCacheControl('x="a, no-store"').values.has("no-store")).toBe(false);
    expect(parseCacheControl('x="a\\", no-store"').values.has("no-store")).toBe(false);
  });

  it("is not hidden from by a quote that never ends", () => {
    const directives = parseCacheControl('x="max-age=60, no-store');
    expect(directives.values.has("no-store")).toBe(true);
    expect(directives.malformed).toBe(true);
  });

  it("tells fields that may not be reused from responses that may not", () => {
    const directives = parseCacheControl('no-cache="Set-Cookie, X-User", private=token');
    expect([...directives.qualified]).toEqual(["set-cookie", "x-user", "token"]);
    expect(directives.values.has("no-cache")).toBe(false);
  });

  it.each(['private="not a name!"', 'private=""', 'private="x", private'])("takes %s as wholly private", (text) =>
    expect(parseCacheControl(text).values.has("private")).toBe(true),
  );

  it("reads any bytes without throwing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseCacheControl(text).values.has("")).toBe(false);
        expect(parseTargeted(text)?.values.has("")).not.toBe(true);
      }),
    );
  });
});

describe("targeted fields", () => {
  it("overrule Cache-Control and Expires, Fairlead's own first", () => {
    const control = controlOf(
      fields({ "fairlead-cache-control": "max-age=1", "cdn-cache-control": "max-age=2", "cache-control": "no-store" }),
    );
    expect(control.targeted).toBe(true);
    expect(deltaSeconds(control, "max-age")).toBe(1);
    expect(control.values.has("no-store")).toBe(false);
  });

  it.each([
    "",
    "max-age=10, &&&",
    'max-age="10"',
    "max-age =10",
    "max-age= 10",
    "max-age=10,",
    "max-age=-1",
    "max-age",
  ])("are ignored when they are %j", (text) => {
    const control = controlOf(fields({ "cdn-cache-control": text, "cache-control": "max-age=5" }));
    expect(control.targeted).toBe(false);
    expect(deltaSeconds(control, "max-age")).toBe(5);
  });

  it.each([
    ["max-age=10;foo=bar, x=(", null],
    ["max-age=10;foo=bar", 10],
    ["max-age=10, max-age=20", 20],
    ["x=?1, y=:YQ==:, z=1.5, max-age=3", 3],
  ])("are read as dictionaries: %s", (text, expected) => {
    const parsed = parseTargeted(text);
    expect(parsed === null ? null : deltaSeconds(parsed, "max-age")).toBe(expected);
  });

  it("take a false boolean as not said", () => {
    expect(parseTargeted("no-store=?0, max-age=1")?.values.has("no-store")).toBe(false);
    expect(parseTargeted("public, public=?0")?.values.has("public")).toBe(false);
  });

  it("keep what restricts, whatever is said of it later", () => {
    expect(parseTargeted("no-store, no-store=?0")?.values.has("no-store")).toBe(true);
  });
});

describe("Pragma", () => {
  it("counts only where there is no Cache-Control", () => {
    expect(requestDirectives(null, "no-cache").values.has("no-cache")).toBe(true);
    expect(requestDirectives("max-age=1", "no-cache").values.has("no-cache")).toBe(false);
    expect(requestDirectives(null, "other").values.size).toBe(0);
  });
});
