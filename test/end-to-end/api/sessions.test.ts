import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scope } from "../../../src/config/scope.ts";
import { apiOf, makeTokens, whoGetsIn, type RunningApi } from "../../support/api.ts";
import { browserJar, startFleet, whoAnswered, type Fleet } from "../../support/session-fleet.ts";

interface Listed {
  readonly sessions: readonly { session: string; key: string | null; origins: Record<string, string> }[];
  readonly next: string | null;
  readonly omitted: readonly { service: string }[];
  readonly statistics: { active: number; created: number; revoked: number; cookies: { created: number } } | null;
}
interface Ended {
  readonly ended: number | null;
  readonly complete: boolean;
}

const PATH = "/api/v1/loadbalancer/sessions";
const cookie = { name: "fairlead", secure: false };
const as = (key: string, port?: number) => ({
  headers: { "X-Session": key },
  ...(port === undefined ? {} : { port }),
});

let fleet: Fleet;
let api: RunningApi;

beforeAll(async () => {
  const { tokens, vars } = await makeTokens();
  const header = { mode: "header", name: "x-session" } as const;
  fleet = await startFleet(
    {
      cookie: { affinity: { cookie } },
      header: { affinity: header },
      other: { affinity: header },
    },
    {
      edges: 2,
      admin: ["127.0.0.1"],
      vars,
    },
  );
  api = apiOf(fleet.workerd, tokens);
});

afterAll(() => fleet?.stop());

const list = async (query = "", scope: Scope = "read") =>
  (await api.call<Listed>(scope, "GET", `${PATH}${query}`)).body;
const sessionOf = async (key: string) =>
  (await list("?limit=1000", "admin")).sessions.find((session) => session.key === key)!.session;

describe("GET /api/v1/loadbalancer/sessions", () => {
  it("happy: pages through the sessions that have a record, by service and origin, and says what it omits", async () => {
    const homes = new Map<string, string>();
    for (let index = 0; index < 9; index++)
      homes.set(`list-${index}`, `header-${whoAnswered(await fleet.ask("header", as(`list-${index}`)))}`);
    await fleet.ask("other", as("list-0"));
    await fleet.browse(browserJar(), "cookie");
    const seen: Listed["sessions"][number][] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: Listed = await list(`?service=header&limit=4${cursor === "" ? "" : `&cursor=${cursor}`}`, "admin");
      expect(page.statistics === null).toBe(cursor !== "");
      seen.push(...page.sessions);
      cursor = page.next;
    }
    const mine = seen.filter(({ key }) => key!.startsWith("list-"));
    expect(new Map(mine.map(({ key, origins }) => [key, origins["header"]]))).toEqual(homes);
    const byOrigin = await list(`?origin=${homes.get("list-3")}&limit=1000`, "admin");
    expect(byOrigin.sessions.map(({ key }) => key)).toContain("list-3");
    expect(new Set(byOrigin.sessions.map(({ origins }) => origins["header"]))).toEqual(new Set([homes.get("list-3")]));
    const all = await list();
    expect(all.omitted.map(({ service }) => service)).toEqual(["cookie"]);
    expect(all.statistics!.active).toBeGreaterThanOrEqual(10);
    expect(all.statistics!.created).toBeGreaterThanOrEqual(10);
    await expect.poll(async () => (await list()).statistics!.cookies.created, { timeout: 10_000 }).toBeGreaterThan(0);
  });

  it("error: an unknown service or origin, and a cursor that no page gave", async () => {
    expect((await api.call("read", "GET", `${PATH}?service=x`)).status).toBe(404);
    expect((await api.call("read", "GET", `${PATH}?origin=x`)).status).toBe(404);
    expect((await api.call("read", "GET", `${PATH}?cursor=x`)).status).toBe(400);
    expect((await api.call("read", "GET", `${PATH}?limit=0`)).status).toBe(400);
  });

  it("security: only `read` gets in, and keys are hashed for all but `admin`", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}`)).toEqual(["read", "admin"]);
    await fleet.ask("header", as("ann@example.com"));
    expect(JSON.stringify(await list("?limit=1000"))).not.toContain("ann@example.com");
    expect(JSON.stringify(await list("?limit=1000", "admin"))).toContain("ann@example.com");
  });
});

describe("GET /api/v1/loadbalancer/sessions/{session}", () => {
  it("happy: a session by its hash, and one by its cookie", async () => {
    const home = whoAnswered(await fleet.ask("header", as("look")));
    const found = await api.call<{ origins: object }>("read", "GET", `${PATH}/${await sessionOf("look")}`);
    expect(found.body).toMatchObject({ key: null, origins: { header: `header-${home}` } });
    const jar = browserJar();
    const at = whoAnswered(await fleet.browse(jar, "cookie"));
    const value = (await jar.getCookieString("https://cookie.test/")).match(/fairlead=([^;]+)/)![1];
    const inCookie = await api.call("read", "GET", `${PATH}/${value}`);
    expect(inCookie.body).toMatchObject({ origins: { cookie: `cookie-${at}` }, lastSeen: null });
  });

  it("error: 404 for what is no session", async () => {
    for (const name of ["x", "0".repeat(32), "A".repeat(82)])
      expect((await api.call("read", "GET", `${PATH}/${name}`)).status).toBe(404);
  });

  it("security: only `read` gets in", async () => {
    expect(await whoGetsIn(api, `GET ${PATH}/{session}`)).toEqual(["read", "admin"]);
  });
});

describe("DELETE /api/v1/loadbalancer/sessions/{session}", () => {
  it("happy: ends a session with a record for every place by the time it is answered", async () => {
    for (const port of fleet.ports) await fleet.ask("header", as("end", port));
    const name = await sessionOf("end");
    const before = await api.call<{ began: string }>("read", "GET", `${PATH}/${name}`);
    const ended = await api.call<Ended>("operate", "DELETE", `${PATH}/${name}?reason=test`);
    expect(ended.body).toMatchObject({ ended: 1, complete: true });
    expect((await api.call("read", "GET", `${PATH}/${name}`)).status).toBe(404);
    const answers = await Promise.all(fleet.ports.map((port) => fleet.ask("header", as("end", port))));
    expect(new Set(answers.map(whoAnswered)).size).toBe(1);
    const after = await api.call<{ began: string }>("read", "GET", `${PATH}/${name}`);
    expect(Date.parse(after.body.began)).toBeGreaterThan(Date.parse(before.body.began));
  });

  it("happy: revokes a session that only its cookie knows, everywhere, and for good", async () => {
    const jar = browserJar();
    for (const port of fleet.ports) await fleet.browse(jar, "cookie", { port });
    const Cookie = await jar.getCookieString("https://cookie.test/");
    const value = Cookie.match(/fairlead=([^;]+)/)![1];
    const isNew = async (port: number) =>
      ((await fleet.ask("cookie", { port, headers: { Cookie } })).headers["set-cookie"] ?? []).some((field) =>
        field.startsWith("fairlead="),
      );
    expect(await Promise.all(fleet.ports.map(isNew))).toEqual([false, false, false]);
    expect((await api.call<Ended>("operate", "DELETE", `${PATH}/${value}`)).body.complete).toBe(true);
    expect(await Promise.all(fleet.ports.map(isNew))).toEqual([true, true, true]);
    expect((await api.call("read", "GET", `${PATH}/${value}`)).status).toBe(404);
  });

  it("error: 404 for what is no session", async () => {
    expect((await api.call("operate", "DELETE", `${PATH}/${"0".repeat(32)}`)).status).toBe(404);
  });

  it("security: only `operate` gets in", async () => {
    expect(await whoGetsIn(api, `DELETE ${PATH}/{session}`)).toEqual(["operate", "admin"]);
  });
});

describe("DELETE /api/v1/loadbalancer/sessions", () => {
  it("happy: ends every session of an origin, and no other", async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `all-${index}`);
    for (const key of keys) await fleet.ask("header", as(key));
    const before = (await list("?service=header&limit=1000", "admin")).sessions;
    const victim = before.find(({ key }) => key === "all-0")!.origins["header"]!;
    const bound = before.filter(({ origins }) => origins["header"] === victim).length;
    const ended = await api.call<Ended>("operate", "DELETE", `${PATH}?origin=${victim}`);
    expect(ended.body).toMatchObject({ ended: bound, complete: true });
    const after = (await list("?service=header&limit=1000", "admin")).sessions;
    expect(after).toHaveLength(before.length - bound);
    expect(after.every(({ origins }) => origins["header"] !== victim)).toBe(true);
    expect((await fleet.ask("header", as("all-0"))).status).toBe(200);
  });

  it("happy: ends every cookie of a service", async () => {
    const jar = browserJar();
    await fleet.browse(jar, "cookie");
    const Cookie = await jar.getCookieString("https://cookie.test/");
    const ended = await api.call<Ended>("operate", "DELETE", `${PATH}?service=cookie`);
    expect(ended.body).toMatchObject({ ended: null, complete: true });
    for (const port of fleet.ports) {
      const answer = await fleet.ask("cookie", { port, headers: { Cookie } });
      expect((answer.headers["set-cookie"] ?? []).some((field) => field.startsWith("fairlead="))).toBe(true);
    }
    const kept = browserJar();
    const home = whoAnswered(await fleet.browse(kept, "cookie"));
    expect(whoAnswered(await fleet.browse(kept, "cookie"))).toBe(home);
  });

  it("error: neither or both of service and origin, or unknown ones", async () => {
    expect((await api.call("operate", "DELETE", PATH)).status).toBe(400);
    expect((await api.call("operate", "DELETE", `${PATH}?service=header&origin=header-e1`)).status).toBe(400);
    expect((await api.call("operate", "DELETE", `${PATH}?service=x`)).status).toBe(404);
    expect((await api.call("operate", "DELETE", `${PATH}?origin=x`)).status).toBe(404);
  });

  it("security: only `operate` gets in", async () => {
    expect(await whoGetsIn(api, `DELETE ${PATH}`)).toEqual(["operate", "admin"]);
  });
});
