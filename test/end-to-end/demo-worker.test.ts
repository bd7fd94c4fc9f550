import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOriginServer } from "../../demo/origin-server.ts";
import { demoOrigins, type Origin } from "../../demo/origin.ts";
import { freePort, isPortFree } from "../../demo/ports.ts";
import { startWorker, type RunningWorker } from "../../demo/worker.ts";
import { startWorkerd } from "../../demo/workerd.ts";
import { send } from "../../demo/client.ts";
import { PLACES } from "../../demo/places.ts";
import { rebased } from "../../demo/rebase.ts";
import config from "../../fairlead.config.ts";

describe.each([
  ["wrangler dev", startWorker],
  ["plain workerd", startWorkerd],
] as const)("the Worker under %s", (_, start) => {
  let origins: Origin[] = [];
  let worker: RunningWorker | undefined;

  beforeAll(async () => {
    const firstPort = await freePort(4);
    origins = await Promise.all(
      demoOrigins(firstPort).map((spec) => startOriginServer({ ...spec, roundTrips: false })),
    );
    worker = await start({ config: rebased(config, firstPort) });
  });
  afterAll(() => Promise.all([worker?.stop(), ...origins.map((origin) => origin.stop())]));

  it.each([
    [PLACES.frankfurt, "eu-west"],
    [PLACES.tokyo, "apac"],
    [PLACES.newYork, "us-east"],
    [PLACES.sanFrancisco, "us-west"],
  ])("serves a client in $city from its region, with the configuration it was given", async (place, name) => {
    const answer = await send({ port: worker!.port, place, path: "/hello" });
    expect(answer).toMatchObject({ status: 200, error: undefined });
    expect(JSON.parse(answer.body)).toMatchObject({ name, received: { path: "/hello" } });
  });

  it("refuses a port that something else would answer on", async () => {
    await expect(start({ port: worker!.port })).rejects.toThrow(`Expected port ${worker!.port} to be free`);
  });

  it("leaves its port free when it is stopped", async () => {
    await worker!.stop();
    expect(await isPortFree(worker!.port)).toBe(true);
  });
});
