/** Sessions as browsers and clients with keys see them: real cookies, real origins, several places. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CookieJar } from "tough-cookie";
import { browserJar, startFleet, whoAnswered, type Fleet } from "../support/session-fleet.ts";

/** As for plain http on a local machine. */
const cookie = { name: "fairlead", secure: false };

/** An isolate keeps away for a second from an origin that it could not reach, and then asks one of four. */
const SOON = { timeout: 10_000, interval: 20 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let fleet: Fleet;

beforeAll(async () => {
  const keyed = { mode: "header", name: "x-session" } as const;
  fleet = await startFleet(
    {
      cookie: { affinity: { cookie } },
      secure: { affinity: {} },
      sticky: { affinity: { cookie, onUnavailable: "sticky" } },
      strict: { affinity: { cookie, onUnavailable: "none" } },
      brief: { affinity: { cookie, ttlSeconds: 4, idleSeconds: 2 } },
      pool: { affinity: { cookie, scope: "pool" } },
      cached: { affinity: { cookie }, cache: { rules: [{ match: { paths: ["/public*", "/ttl*"] }, ttlSeconds: 60 }] } },
      header: { affinity: keyed },
      moving: { affinity: { ...keyed, onUnavailable: "sticky" } },
      address: { affinity: { mode: "ip-cookie", cookie } },
      shop: { hosts: ["group.test"], paths: ["/shop/*"], affinity: { cookie, group: "g" } },
      account: { hosts: ["group.test"], paths: ["/account/*"], affinity: { cookie, group: "g" } },
      none: { affinity: { mode: "none" } },
    },
    { edges: 3 },
  );
});

afterAll(() => fleet?.stop());

const ours = (headers: { "set-cookie"?: string[] | undefined }, name = "fairlead") =>
  (headers["set-cookie"] ?? []).find((field) => field.startsWith(`${name}=`));
const times = async <T>(count: number, act: (index: number) => Promise<T>) => {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await act(index));
  return results;
};
const homes = async (jar: CookieJar, service: string, count = 8) =>
  new Set(await times(count, async () => whoAnswered(await fleet.browse(jar, service))));

describe("a browser with cookies", () => {
  it("stays where its first request went, in every place, and is told so once", async () => {
    const jar = browserJar();
    const first = await fleet.browse(jar, "cookie");
    expect(ours(first.headers)).toMatch(/^fairlead=[\w-]{82}; Path=\/; Max-Age=1800; HttpOnly; SameSite=Lax$/);
    for (const port of fleet.ports) {
      for (const answer of await times(4, () => fleet.browse(jar, "cookie", { port }))) {
        expect(whoAnswered(answer)).toBe(whoAnswered(first));
        expect(ours(answer.headers)).toBeUndefined();
      }
    }
  });

  it("is not alone: others go elsewhere", async () => {
    const firsts = await times(24, async () => whoAnswered(await fleet.browse(browserJar(), "cookie")));
    expect(new Set(firsts).size).toBeGreaterThan(2);
  });

  it("gets the origin's own cookies untouched, and an answer that no shared cache keeps", async () => {
    const { headers } = await fleet.browse(browserJar(), "cookie", { path: "/public/cdn" });
    expect(headers["set-cookie"]).toEqual(["own=1; Path=/", "more=2; Path=/app", ours(headers)]);
    expect(headers["cache-control"]).toBe("public, max-age=60, private");
    expect(headers["cdn-cache-control"]).toBeUndefined();
  });

  it("keeps a __Host- cookie over https, and its rules are the browser's", async () => {
    const jar = browserJar();
    const first = await fleet.browse(jar, "secure");
    expect(ours(first.headers, "__Host-fairlead")).toMatch(/; Path=\/; .*; Secure$/);
    expect(await homes(jar, "secure")).toEqual(new Set([whoAnswered(first)]));
    await expect(
      browserJar().setCookie(ours(first.headers, "__Host-fairlead")!, "http://secure.test/"),
    ).rejects.toThrow(/Secure|prefix/i);
  });

  it("is served, and given a new cookie, whatever it presents as one", async () => {
    const good = ours((await fleet.ask("cookie")).headers)!
      .split(";")[0]!
      .slice("fairlead=".length);
    const foreign = ours((await fleet.ask("sticky")).headers)!
      .split(";")[0]!
      .slice("fairlead=".length);
    const flipped = (good.startsWith("A") ? "B" : "A") + good.slice(1);
    for (const value of [
      "",
      "x",
      flipped,
      good.slice(0, -1),
      `${good}A`,
      "A".repeat(6_000),
      foreign,
      "%00%ff",
      '"q"',
    ]) {
      const answer = await fleet.ask("cookie", { headers: { Cookie: `a=1; fairlead=${value}; b=2` } });
      expect([value.slice(0, 20), answer.status]).toEqual([value.slice(0, 20), 200]);
      expect(ours(answer.headers)).toBeDefined();
    }
    const twice = await fleet.ask("cookie", { headers: { Cookie: `fairlead=planted; fairlead=${good}` } });
    expect(ours(twice.headers)).toBeUndefined();
  });

  it("begins anew when its session is over, and is prolonged while it is used", async () => {
    const jar = browserJar();
    const first = await fleet.browse(jar, "brief");
    expect(ours(first.headers)).toContain("Max-Age=2");
    let renewals = 0;
    const until = Date.now() + 2_900;
    const seen = new Set<string>();
    while (Date.now() < until) {
      await pause(200);
      const answer = await fleet.browse(jar, "brief");
      seen.add(whoAnswered(answer));
      if (ours(answer.headers) !== undefined) renewals++;
    }
    expect(seen).toEqual(new Set([whoAnswered(first)]));
    expect(renewals).toBeGreaterThan(0);
    const old = await jar.getCookieString("https://brief.test/");
    await pause(2_300);
    const after = await fleet.ask("brief", { headers: { Cookie: old } });
    expect(ours(after.headers)).toContain("Max-Age=2");
  });

  it("has no cookie for a service without sessions", async () => {
    expect(ours((await fleet.ask("none")).headers)).toBeUndefined();
  });
});

describe("the cache", () => {
  it("stores the origin's answer without the session's cookie, and hits set none", async () => {
    const first = await fleet.ask("cached", { path: "/public/1" });
    const hit = await fleet.ask("cached", { path: "/public/1" });
    expect(String(hit.headers["cache-status"])).toContain("hit");
    expect(ours(first.headers)).toBeDefined();
    expect(ours(hit.headers)).toBeUndefined();
    expect(hit.headers["cache-control"]).toBe("public, max-age=60");
  });

  it("still stores what is asked for with the session's cookie", async () => {
    const jar = browserJar();
    await fleet.browse(jar, "cached", { path: "/page" });
    const Cookie = (await jar.getCookieString("https://cached.test/"))
      .split("; ")
      .find((pair) => pair.startsWith("fairlead="))!;
    await fleet.ask("cached", { path: "/ttl/1", headers: { Cookie } });
    const again = await fleet.ask("cached", { path: "/ttl/1", headers: { Cookie } });
    expect(String(again.headers["cache-status"])).toContain("hit");
  });
});

describe("a session whose origin is out", () => {
  it("is served elsewhere without an error, and comes back: temporary", async () => {
    const jar = browserJar();
    const home = whoAnswered(await fleet.browse(jar, "cookie"));
    const origin = fleet.origins.get(`cookie-${home}`)!;
    await origin.stop();
    const meanwhile = await times(5, () => fleet.browse(jar, "cookie"));
    expect(meanwhile.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(meanwhile.map(whoAnswered)).not.toContain(home);
    expect(meanwhile.map(({ headers }) => ours(headers))).toEqual(Array(5).fill(undefined));
    await origin.start();
    await expect.poll(() => homes(jar, "cookie"), SOON).toEqual(new Set([home]));
  });

  it("moves for good: sticky", async () => {
    const jar = browserJar();
    const home = whoAnswered(await fleet.browse(jar, "sticky"));
    const origin = fleet.origins.get(`sticky-${home}`)!;
    await origin.stop();
    const moved = await fleet.browse(jar, "sticky");
    expect(moved.status).toBe(200);
    expect(ours(moved.headers)).toBeDefined();
    await origin.start();
    await expect.poll(async () => whoAnswered(await fleet.ask("sticky")), SOON).toBe(home);
    expect(await homes(jar, "sticky")).toEqual(new Set([whoAnswered(moved)]));
  });

  it("gets 503 and is tried nowhere else: none", async () => {
    const jar = browserJar();
    const home = whoAnswered(await fleet.browse(jar, "strict"));
    await fleet.administer(`strict-${home}`, "disabled");
    const refused = await fleet.browse(jar, "strict");
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "1"]);
    expect((await fleet.browse(browserJar(), "strict")).status).toBe(200);
    await fleet.administer(`strict-${home}`, null);
    expect(await homes(jar, "strict")).toEqual(new Set([home]));
    const origin = fleet.origins.get(`strict-${home}`)!;
    await origin.stop();
    expect((await fleet.browse(jar, "strict")).status).toBe(502);
    await origin.start();
  });
});

describe("a draining origin", () => {
  it("keeps its sessions, gets no new ones, and gives them away when its time is over", async () => {
    const jar = browserJar();
    const home = whoAnswered(await fleet.browse(jar, "cookie"));
    await fleet.administer(`cookie-${home}`, "draining", Date.now());
    expect(await homes(jar, "cookie")).toEqual(new Set([home]));
    const others = await times(24, async () => whoAnswered(await fleet.browse(browserJar(), "cookie")));
    expect(others).not.toContain(home);
    await fleet.administer(`cookie-${home}`, "draining", Date.now() - 300_000);
    const moved = await fleet.browse(jar, "cookie");
    expect(whoAnswered(moved)).not.toBe(home);
    expect(ours(moved.headers)).toBeDefined();
    await fleet.administer(`cookie-${home}`, null);
    expect(await homes(jar, "cookie")).toEqual(new Set([whoAnswered(moved)]));
  });
});

describe("a session of a pool", () => {
  it("moves about within it, and not out of it", async () => {
    const jar = browserJar();
    const pool = whoAnswered(await fleet.browse(jar, "pool"))[0]!;
    const seen = await homes(jar, "pool", 24);
    expect(seen).toEqual(new Set([`${pool}1`, `${pool}2`]));
  });
});

describe("services of a group", () => {
  it("put a browser on the same pool, each on an origin of its own", async () => {
    for (let turn = 0; turn < 6; turn++) {
      const jar = browserJar();
      const shop = await fleet.browse(jar, "shop", { path: "/shop/" });
      const account = await fleet.browse(jar, "account", { path: "/account/" });
      expect(whoAnswered(account)[0]).toBe(whoAnswered(shop)[0]);
      for (let again = 0; again < 3; again++) {
        expect(whoAnswered(await fleet.browse(jar, "shop", { path: "/shop/" }))).toBe(whoAnswered(shop));
        expect(whoAnswered(await fleet.browse(jar, "account", { path: "/account/" }))).toBe(whoAnswered(account));
      }
    }
  });
});

describe("a client with a key", () => {
  const as = (key: string, port = fleet.ports[0]!) => ({ port, headers: { "X-Session": key } });

  it("is bound by its first request, wherever others of it come in at the same time", async () => {
    for (let turn = 0; turn < 10; turn++) {
      const answers = await Promise.all(fleet.ports.map((port) => fleet.ask("header", as(`race-${turn}`, port))));
      expect(new Set(answers.map(whoAnswered)).size).toBe(1);
      expect(answers.map(({ headers }) => ours(headers))).toEqual(Array(4).fill(undefined));
    }
  });

  it("keeps its origin; another key may have another; without one there is no session", async () => {
    const first = whoAnswered(await fleet.ask("header", as("ann")));
    const again = await times(8, async (index) =>
      whoAnswered(await fleet.ask("header", as("ann", fleet.ports[index % 4]))),
    );
    expect(new Set(again)).toEqual(new Set([first]));
    const keys = await times(24, async (index) => whoAnswered(await fleet.ask("header", as(`key-${index}`))));
    expect(new Set(keys).size).toBeGreaterThan(2);
    const nobody = await times(24, async () => whoAnswered(await fleet.ask("header")));
    expect(new Set(nobody).size).toBeGreaterThan(2);
  });

  it("moves for good, for all places: sticky", async () => {
    const home = whoAnswered(await fleet.ask("moving", as("bob")));
    const origin = fleet.origins.get(`moving-${home}`)!;
    await origin.stop();
    const moved = await fleet.ask("moving", as("bob"));
    expect(moved.status).toBe(200);
    await origin.start();
    for (const port of fleet.ports)
      await expect.poll(async () => whoAnswered(await fleet.ask("moving", { port })), SOON).toBe(home);
    const everywhere = await Promise.all(fleet.ports.map((port) => fleet.ask("moving", as("bob", port))));
    expect(new Set(everywhere.map(whoAnswered))).toEqual(new Set([whoAnswered(moved)]));
  });

  it("comes back: temporary", async () => {
    const home = whoAnswered(await fleet.ask("header", as("cid")));
    const origin = fleet.origins.get(`header-${home}`)!;
    await origin.stop();
    expect((await fleet.ask("header", as("cid"))).status).toBe(200);
    await origin.start();
    await expect.poll(async () => whoAnswered(await fleet.ask("header", as("cid"))), SOON).toBe(home);
  });
});

describe("ip-cookie", () => {
  it("keeps a client by its address, and then by the cookie it was given", async () => {
    const from = (ip: string) => ({ headers: { "CF-Connecting-IP": ip } });
    const jar = browserJar();
    const first = await fleet.browse(jar, "address", from("203.0.113.1"));
    expect(ours(first.headers)).toBeDefined();
    const without = await times(4, async () => whoAnswered(await fleet.ask("address", from("203.0.113.1"))));
    expect(new Set(without)).toEqual(new Set([whoAnswered(first)]));
    const roaming = await times(12, async (index) =>
      whoAnswered(await fleet.browse(jar, "address", from(`203.0.113.${index + 2}`))),
    );
    expect(new Set(roaming)).toEqual(new Set([whoAnswered(first)]));
  });
});
