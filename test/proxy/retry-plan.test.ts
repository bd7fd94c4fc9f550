import { describe, expect, it } from "vitest";
import { retrySchema } from "../../src/config/retry.ts";
import { makeRetryPlan } from "../../src/proxy/retry-plan.ts";

const attempts = (config: object, field?: string, path = "/x") =>
  makeRetryPlan(retrySchema.parse({ attempts: 3, ...config }))(
    path,
    new Headers(field === undefined ? {} : { "Fairlead-Retry": field }),
  ).attempts;

describe("what a client asks for with Fairlead-Retry", () => {
  it("counts only where the service allows it", () => {
    expect(attempts({}, "attempts=1")).toBe(3);
    expect(attempts({ requestHeader: true }, "attempts=1")).toBe(1);
  });

  it("can lower the attempts and never raise them", () => {
    expect(attempts({ requestHeader: true }, "attempts=9")).toBe(3);
    expect(attempts({ requestHeader: true }, "attempts=0")).toBe(1);
    const overrides = [{ paths: ["/once"], retry: { attempts: 1 } }];
    expect(attempts({ requestHeader: true, overrides }, "attempts=2", "/once")).toBe(1);
  });

  it.each(["attempts=-1", "attempts=1e9", "attempts=", "attempts", "nonsense", "", "1"])(
    "says nothing when it is %o",
    (field) => expect(attempts({ requestHeader: true }, field)).toBe(3),
  );
});

it("the first override whose path fits decides, and what it leaves out stays", () => {
  const overrides = [
    { paths: ["/reports/*"], retry: { attempts: 1 } },
    { paths: ["/*"], retry: { attempts: 2 } },
  ];
  expect(attempts({ overrides }, undefined, "/reports/7")).toBe(1);
  expect(attempts({ overrides }, undefined, "/other")).toBe(2);
});
