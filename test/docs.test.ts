import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../src/config/define.ts";
import type { ConfigInput } from "../src/config/schema.ts";

type Fields = Record<string, unknown>;

const PAGES = ["docs/quickstart.md", ...readdirSync("docs/how-to").map((name) => join("docs/how-to", name))];

const SNIPPETS = PAGES.flatMap((page) =>
  [...readFileSync(page, "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""], index) => ({
    title: `${page}, ${index + 1}`,
    code: code.trim(),
  })),
);

/** What a page leaves out because it is about something else. */
const ORIGIN = { id: "o", url: "https://origin.example.com" };
const POOLS = ["eu", "us", "eu-west", "us-east", "spare"];

function pool(fields: Fields, id: string): Fields {
  const origins = (fields["origins"] as Fields[] | undefined) ?? [{}];
  const whole = origins.map((origin, index) => ({
    ...ORIGIN,
    id: `${id}-${index}`,
    ...origin,
    // Pages about something else write "…" for a URL.
    ...(origin["url"] === "…" ? { url: ORIGIN.url } : {}),
  }));
  return { region: "weur", ...fields, origins: whole };
}

function service(fields: Fields, name: string): Fields {
  const named = (fields["pools"] ?? {}) as Record<string, Fields>;
  const wanted = Object.keys(named).length === 0 ? Object.fromEntries(POOLS.map((each) => [each, {}])) : named;
  const pools = Object.fromEntries(Object.entries(wanted).map(([id, each]) => [id, pool(each, `${name}-${id}`)]));
  const isJwt = JSON.stringify(fields).includes('"claim"');
  return {
    hosts: [`${name}.example.com`],
    ...(isJwt ? { auth: { jwt: { secret: "JWT_SECRET", algorithms: ["HS256"] } } } : {}),
    ...fields,
    pools,
  };
}

const services = (named: Record<string, Fields>) =>
  Object.fromEntries(Object.entries(named).map(([name, fields]) => [name, service(fields, name)]));

/** A whole configuration around a piece of one. */
function around(piece: Fields): unknown {
  if ("services" in piece) return { ...piece, services: services(piece["services"] as Record<string, Fields>) };
  if ("shop" in piece) return { services: services(piece as Record<string, Fields>) };
  if ("registration" in piece) return { ...piece, services: services({ web: {} }) };
  if ("origins" in piece) return { services: { web: service({ pools: { eu: piece } }, "web") } };
  if ("rules" in piece) return { services: services({ web: { cache: piece } }) };
  return { services: services({ web: piece }) };
}

/** As its reader would write it: a whole file, or fields of an object. */
function evaluated(code: string): unknown {
  const text = code.replaceAll(/^import .*$/gm, "");
  if (!text.includes("export default")) return around(runInThisContext(`({${text}})`) as Fields);
  const written = text.replace("export default defineConfig", "").trim().replace(/;$/, "");
  return runInThisContext(written);
}

describe("a piece of configuration in the documentation is sound", () => {
  it("of which there are some", () => expect(SNIPPETS.length).toBeGreaterThan(15));

  it.each(SNIPPETS)("$title", ({ code }) => {
    expect(() => defineConfig(evaluated(code) as ConfigInput)).not.toThrow();
  });
});
