import { describe, expect, it } from "vitest";
import { bench } from "./support.ts";

const WEIGHT = "/api/v1/loadbalancer/instances/shop/eu1/weight";

async function atRevisionTwo() {
  const { call } = await bench();
  const weigh = (weight: number, field?: string) =>
    call("operate", "PUT", WEIGHT, { body: { weight }, headers: field === undefined ? {} : { "If-Match": field } });
  await weigh(2);
  await weigh(3);
  return { call, weigh };
}

describe("a change with If-Match", () => {
  it.each(['"2"', "2", 'W/"2"', '"1", "2"', "*"])("%s is made when that is the newest revision", async (field) => {
    const { weigh } = await atRevisionTwo();
    const answer = await weigh(4, field);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ revision: 3 });
  });

  it.each(['"1"', '"3"', '"0", "1"'])("%s is refused when it is not, and changes nothing", async (field) => {
    const { call, weigh } = await atRevisionTwo();
    const answer = await weigh(4, field);
    expect(answer.status).toBe(412);
    expect(await answer.json()).toMatchObject({ type: "https://fairlead.dev/problems/superseded", revision: 2 });
    const standing = await call("read", "GET", "/api/v1/loadbalancer/overrides");
    expect(await standing.json()).toMatchObject({ revision: 2, overrides: [{ key: "weight/eu1", value: 3 }] });
  });

  it.each(["abc", '"1', "", "1 2", '"-1"'])("%j is not understood and changes nothing", async (field) => {
    const { weigh } = await atRevisionTwo();
    expect((await weigh(4, field)).status).toBe(400);
  });

  it("of two operators who went by the same revision lets the first through", async () => {
    const { weigh } = await atRevisionTwo();
    const answers = await Promise.all([weigh(5, '"2"'), weigh(6, '"2"')]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
  });
});
