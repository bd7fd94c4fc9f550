import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whoGetsIn } from "../../support/api.ts";
import { startApiServices, type ApiServices } from "../../support/api-services.ts";

const PATH = "/api/v1/loadbalancer/maintenance";
let services: ApiServices;
beforeAll(async () => {
  services = await startApiServices();
});
afterAll(() => services.stop());

const put = (service: string, body: unknown) => services.api.call("operate", "PUT", `${PATH}/${service}`, { body });
const end = (service: string) => services.api.call("operate", "DELETE", `${PATH}/${service}`);

describe(`PUT ${PATH}/{service}`, () => {
  it("happy: answers in the place of the service, to all but those who are allowed", async () => {
    const { status, body } = await put("shop", {
      status: 418,
      body: "<p>Back at noon.</p>",
      contentType: "text/html",
      retryAfterSeconds: 1800,
      allow: ["203.0.113.0/24", "2001:db8::/32"],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, overrides: [{ key: "maintenance/shop" }] });
    const answer = await services.visit("shop.localhost", { "CF-Connecting-IP": "198.51.100.7" });
    expect(answer).toMatchObject({ status: 418, body: "<p>Back at noon.</p>" });
    expect(answer.headers).toMatchObject({
      "content-type": "text/html",
      "retry-after": "1800",
      "cache-control": "no-store",
    });
    for (const address of ["203.0.113.9", "2001:db8::1"])
      expect((await services.visit("shop.localhost", { "CF-Connecting-IP": address })).status).toBe(200);
    expect((await services.visit("blog.localhost")).status).toBe(200);
  });

  it("happy: ends by itself", async () => {
    await put("blog", { expiresInSeconds: 3 });
    expect((await services.visit("blog.localhost")).status).toBe(503);
    await expect.poll(async () => (await services.visit("blog.localhost")).status, { timeout: 10_000 }).toBe(200);
  });

  it("error: names each wrong field", async () => {
    const { status, body } = await put("shop", { status: 99, allow: ["everybody"], contentType: "x\r\ny" });
    expect(status).toBe(400);
    const { errors } = body as { errors: { pointer: string }[] };
    expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(new Set(["#/allow/0", "#/contentType", "#/status"]));
    expect((await put("nothing", {})).status).toBe(404);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `PUT ${PATH}/{service}`)).toEqual(["operate", "admin"]);
  });
});

describe(`DELETE ${PATH}/{service}`, () => {
  it("happy: the service serves again", async () => {
    await put("shop", {});
    expect((await services.visit("shop.localhost")).status).toBe(503);
    expect((await end("shop")).body).toMatchObject({ complete: true });
    expect((await services.visit("shop.localhost")).status).toBe(200);
  });

  it("error: there is no maintenance to end", async () => {
    expect((await end("shop")).status).toBe(404);
    expect((await end("nothing")).status).toBe(404);
  });

  it("security: only by scope operate", async () => {
    expect(await whoGetsIn(services.api, `DELETE ${PATH}/{service}`)).toEqual(["operate", "admin"]);
  });
});
