import { describe, expect, it } from "vitest";
import { judge, judgeSilence, type Message } from "../../src/proxy/attempt.ts";
import type { Deadline } from "../../src/proxy/deadline.ts";

/** What `fetch()` can hand back and nobody can construct: any status, with a body that counts its cancellations. */
function came(status: number, webSocket: object | null = null) {
  const body = {
    cancelled: 0,
    cancel() {
      this.cancelled++;
      return Promise.resolve();
    },
  };
  return { body, response: { status, webSocket, body } as unknown as Response };
}

describe("an answer", () => {
  it.each([100, 103, 101, 600, 999])("of status %i is a bad one, and nothing of it is passed on", (status) => {
    const { response, body } = came(status);
    expect(judge(response)).toEqual({ kind: "failure", failure: "bad-response", response: null });
    expect(body.cancelled).toBe(1);
  });

  it("of status 101 that brings a WebSocket is what was asked for", () => {
    expect(judge(came(101, {}).response).kind).toBe("success");
  });

  it.each([200, 204, 301, 404, 429, 500, 501, 599])("of status %i is the client's", (status) => {
    expect(judge(came(status).response).kind).toBe("success");
  });

  it("of a gateway's status is a failure that may still be passed on; the platform's own say that nothing was sent", () => {
    for (const status of [502, 503, 504, 520, 524])
      expect(judge(came(status).response)).toMatchObject({ kind: "failure", failure: "status", response: { status } });
    for (const status of [521, 522, 523, 525, 526, 530])
      expect(judge(came(status).response)).toMatchObject({ kind: "failure", failure: "unreached" });
  });
});

describe("no answer", () => {
  const silence = (over: { fault?: object; cancelled?: boolean; late?: boolean }) => {
    const cancel = over.cancelled === undefined ? null : { aborted: over.cancelled };
    const message = { body: { fault: over.fault ?? null }, cancel } as unknown as Message;
    return judgeSilence(message, { signal: { aborted: over.late ?? false } } as unknown as Deadline);
  };

  it("is a lost connection, or a timeout where the deadline has passed", () => {
    expect(silence({})).toMatchObject({ kind: "failure", failure: "connection" });
    expect(silence({ late: true, cancelled: false })).toMatchObject({ kind: "failure", failure: "timeout" });
  });

  it("says nothing of the origin where the client's upload broke, or the attempt was given up", () => {
    expect(silence({ fault: { kind: "upload-timeout" }, late: true })).toEqual({ kind: "ignored" });
    expect(silence({ cancelled: true })).toEqual({ kind: "ignored" });
  });
});
