import { describe, expect, it } from "vitest";
import { refusal, type AskedWith } from "../../src/cache/storable.ts";
import { fields, httpDate, NOW_MS, rule } from "./support.ts";

const GET: AskedWith = { method: "GET", authorized: false, cookied: false, noStore: false, locatesTarget: false };

interface Case {
  asked?: Partial<AskedWith>;
  status?: number;
  response?: Record<string, string>;
  ruleInput?: Record<string, unknown>;
}

const judged = ({ asked = {}, status = 200, response = {}, ruleInput = {} }: Case) =>
  refusal({ ...GET, ...asked }, status, fields(response), rule(ruleInput), NOW_MS);

const control = (value: string, more: Record<string, string> = {}) => ({ "cache-control": value, ...more });

describe("a response is stored", () => {
  it.each<Case>([
    { response: control("max-age=60") },
    { response: control("s-maxage=60") },
    { response: { expires: httpDate(60) } },
    { response: { "last-modified": httpDate(-1000) } },
    { response: control("no-cache", { etag: '"a"' }) },
    { response: control("max-age=0", { etag: '"a"' }) },
    { response: control("max-age=60"), status: 302 },
    { response: control("max-age=60"), status: 599 },
    { response: control("no-store, must-understand, max-age=60") },
    { ruleInput: { ttlSeconds: 60 } },
    { ruleInput: { cacheStatuses: { "404": 10 } }, status: 404 },
    { response: control("no-store"), ruleInput: { mode: "force", ttlSeconds: 60 } },
    { response: control("public, max-age=60"), asked: { authorized: true } },
    { response: control("s-maxage=60"), asked: { authorized: true } },
    { response: control("max-age=60, must-revalidate"), asked: { authorized: true } },
    { response: control("public, max-age=60", { "set-cookie": "a=b" }) },
    { response: { "cdn-cache-control": "max-age=60", "set-cookie": "a=b" } },
    { response: control("max-age=60"), asked: { cookied: true } },
    { ruleInput: { ttlSeconds: 60, ignoreCookies: true }, asked: { cookied: true } },
    { response: control("max-age=60"), asked: { method: "POST", locatesTarget: true } },
    { response: control("max-age=60", { "content-range": "bytes 0-1/9" }), status: 206 },
    { response: control("max-age=60", { "content-length": "10" }), ruleInput: { maxObjectBytes: 10 } },
  ])("%o", (given) => expect(judged(given)).toBeNull());
});

describe("a response is not stored", () => {
  it.each<[Case, string]>([
    [{}, "no-lifetime"],
    [{ response: control("max-age=0") }, "no-lifetime"],
    [{ response: control("no-cache") }, "no-lifetime"],
    [{ response: control("max-age=60, no-store") }, "no-store"],
    [{ response: control("max-age=60, private") }, "private"],
    [{ response: { "cdn-cache-control": "private", "cache-control": "max-age=60" } }, "private"],
    [{ response: control("private"), ruleInput: { mode: "force", ttlSeconds: 60 } }, "private"],
    [{ response: control("max-age=60"), asked: { authorized: true } }, "authorization"],
    [{ response: control("s-maxage=0, max-age=60"), asked: { authorized: true } }, "authorization"],
    [
      { response: control("public, max-age=60"), asked: { authorized: true }, ruleInput: { authenticated: "never" } },
      "authorization",
    ],
    [{ asked: { authorized: true }, ruleInput: { mode: "force", ttlSeconds: 60 } }, "authorization"],
    [{ response: control("max-age=60", { "set-cookie": "a=b" }) }, "set-cookie"],
    [{ response: { "set-cookie": "a=b" }, ruleInput: { mode: "force", ttlSeconds: 60 } }, "set-cookie"],
    [{ asked: { cookied: true }, ruleInput: { ttlSeconds: 60 } }, "cookie"],
    [{ asked: { cookied: true }, ruleInput: { mode: "force", ttlSeconds: 60 } }, "cookie"],
    [{ asked: { cookied: true }, response: { "last-modified": httpDate(-1000) } }, "cookie"],
    [{ response: control("max-age=60"), asked: { noStore: true } }, "request-no-store"],
    [{ response: control("max-age=60", { vary: "a, *" }) }, "vary"],
    [{ response: control("max-age=60"), status: 304 }, "status"],
    [{ response: control("max-age=60"), status: 416 }, "status"],
    [{ response: control("no-store, must-understand, max-age=60"), status: 599 }, "status"],
    [{ response: control("max-age=60"), status: 206 }, "partial"],
    [{ response: control("max-age=60", { "content-length": "11" }), ruleInput: { maxObjectBytes: 10 } }, "too-large"],
    [{ response: control("max-age=60"), asked: { method: "POST" } }, "method"],
    [{ asked: { method: "POST", locatesTarget: true }, ruleInput: { ttlSeconds: 60 } }, "method"],
    [{ response: { "last-modified": httpDate(-1000) }, status: 500 }, "no-lifetime"],
    [{ status: 404, ruleInput: { cacheStatuses: { "404": 0 } } }, "no-lifetime"],
  ])("%o: %s", (given, reason) => expect(judged(given)).toBe(reason));
});
