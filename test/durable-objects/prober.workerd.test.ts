import { describe, expect, it } from "vitest";
import { probeAll, probeOrigin, probeUrl } from "../../durable-objects/prober.ts";
import { defineConfig } from "../../src/config/define.ts";
import { originSettings, type OriginSettings } from "../../src/config/origin-settings.ts";
import { VERSION } from "../../src/version.ts";

type Answer = (request: Request) => Response | Promise<Response>;

function settings(monitor: object, origin: object = {}, count = 1): OriginSettings[] {
  const origins = Array.from({ length: count }, (_, i) => ({
    id: `o${i}`,
    url: "http://a.test/base",
    mtls: "FETCHER",
    ...origin,
  }));
  return [
    ...originSettings(
      defineConfig({
        services: { s: { hosts: ["s.test"], monitor, pools: { p: { region: "weur", origins } } } },
      }),
    ).values(),
  ];
}

/** A certificate binding stands in for the network: it is how a probe leaves through a fetcher of its own. */
function platform(answer: Answer, bindings: Record<string, unknown> = {}) {
  const fetcher = { fetch: async (url: string | URL, init?: RequestInit) => answer(new Request(url, init)) };
  return { region: "weur" as const, bindings: { FETCHER: fetcher, ...bindings }, clock: Date.now };
}

const probe = (monitor: object, answer: Answer, origin: object = {}, bindings: Record<string, unknown> = {}) =>
  probeOrigin(settings(monitor, origin)[0]!, platform(answer, bindings));

const endless = () => {
  const chunk = new TextEncoder().encode("all is well ".repeat(100));
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
};

const hanging = (request: Request) =>
  new Promise<Response>((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));

const reset = () => {
  throw new TypeError("Network connection lost.");
};

describe("an http probe", () => {
  it("says who it is and where it comes from, and carries the origin's and the monitor's fields", async () => {
    let seen: Request | undefined;
    const result = await probe(
      { path: "/up?deep=1", method: "HEAD", headers: { "X-Probe": "yes" } },
      (request) => {
        seen = request;
        return new Response(null);
      },
      { headers: { "X-Origin-Auth": { secret: "ORIGIN_AUTH" } } },
      { ORIGIN_AUTH: "s3cret" },
    );
    expect(result).toMatchObject({ good: true, reason: "status 200" });
    expect(seen!.method).toBe("HEAD");
    expect(seen!.url).toBe("http://a.test/base/up?deep=1");
    expect(Object.fromEntries(seen!.headers)).toMatchObject({
      "user-agent": `Fairlead-Health/${VERSION}`,
      "fairlead-region": "weur",
      "fairlead-probe": "1",
      "x-probe": "yes",
      "x-origin-auth": "s3cret",
    });
  });

  it("carries the monitor's field in the place of the origin's of that name", async () => {
    let seen: Request | undefined;
    await probe(
      { headers: { Authorization: "Bearer probe" } },
      (request) => {
        seen = request;
        return new Response(null);
      },
      { headers: { Authorization: "Bearer traffic" } },
    );
    expect(seen!.headers.get("Authorization")).toBe("Bearer probe");
  });

  it("finds the expected text at the beginning of a body and does not read on for ever", async () => {
    expect((await probe({ expectedBody: "is well" }, endless)).good).toBe(true);
    expect(await probe({ expectedBody: "is not well" }, endless)).toMatchObject({
      good: false,
      reason: "status 200, expected text missing",
    });
  });

  it("lets go of the body it does not read", async () => {
    let cancelled = false;
    const body = new ReadableStream({ pull: () => undefined, cancel: () => void (cancelled = true) });
    await probe({}, () => new Response(body));
    expect(cancelled).toBe(true);
  });

  it("gives up after `timeoutMs`", async () => {
    expect(await probe({ timeoutMs: 30 }, hanging)).toMatchObject({ good: false, reason: "no answer in 30 ms" });
  });

  it("says what is wrong instead of throwing: a dead connection, a secret that is missing", async () => {
    expect(await probe({}, reset)).toMatchObject({ good: false, reason: "Network connection lost." });
    const missing = await probe({}, () => new Response(), { headers: { "X-Auth": { secret: "NOPE" } } });
    expect(missing.reason).toContain("Expected the secret `NOPE` to be set");
  });
});

describe("a tcp probe", () => {
  it("is bad where nobody listens", async () => {
    const result = await probe({ type: "tcp", timeoutMs: 2000 }, () => new Response(), { url: "http://127.0.0.1:1" });
    expect(result.good).toBe(false);
  });
});

const urlOf = (monitor: object, origin: object) => probeUrl(settings(monitor, origin)[0]!).href;

it("goes to the monitor's scheme and port, on the origin's host and base path", () => {
  expect(urlOf({}, { url: "https://a.test:8443/base/" })).toBe("https://a.test:8443/base/");
  expect(urlOf({ type: "http", port: 8080, path: "/up" }, { url: "https://a.test" })).toBe("http://a.test:8080/up");
  expect(urlOf({ type: "tcp" }, { url: "http://[::1]:9101" })).toBe("http://[::1]:9101/");
});

it("has at most six probes waiting at once, and does them all", async () => {
  let waiting = 0;
  let most = 0;
  const slow = async () => {
    most = Math.max(most, ++waiting);
    await scheduler.wait(5);
    waiting--;
    return new Response();
  };
  const told: string[] = [];
  await probeAll(settings({}, {}, 20), platform(slow), (origin) => void told.push(origin.origin.id));
  expect(most).toBe(6);
  expect(new Set(told).size).toBe(20);
});
