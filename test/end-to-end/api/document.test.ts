import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentOf } from "../../../src/api/document.ts";
import { sampleApp, SAMPLE } from "../../api/support.ts";
import { startApi, type RunningApi } from "../../support/api.ts";

let api: RunningApi;

beforeAll(async () => {
  api = await startApi(SAMPLE);
});
afterAll(() => api.stop());

/** Without what is said of fields: the Worker is built without the words of the configuration's reference. */
function unsaid(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document, (key, value: unknown) => (key === "description" ? undefined : value)));
}

describe("the OpenAPI document of the deployed Worker", () => {
  it("is the one that the routes make in Node, whatever was asked before", async () => {
    await api.call("read", "GET", "/api/v1/loadbalancer/instances");
    const { body } = await api.call("read", "GET", "/api/v1/openapi.json");
    const document = documentOf(await sampleApp());
    expect(unsaid(body)).toEqual(unsaid(document));
    // What it does say is the same.
    expect(document).toMatchObject(body as object);
  });
});
