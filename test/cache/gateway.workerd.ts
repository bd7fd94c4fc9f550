/** A whole gateway in one isolate with an origin of the test's own, for tests in workerd. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { purgeKey, type PurgeMark } from "../../src/agreement/purge-mark.ts";
import { change } from "../../src/agreement/section.ts";
import { defineConfig } from "../../src/config/define.ts";
import { openGateway, type ControlPlane } from "../../src/proxy/gateway.ts";
import { handle } from "../../src/proxy/handle.ts";

export type Origin = (request: Request, count: number) => Response | Promise<Response>;

export interface Counted {
  requests: number;
  attempts: number;
  readonly counters: Record<string, number>;
}

export interface Step {
  /** Sends a request through; what runs in the background has ended when `settled` resolves. */
  send(path: string, init?: RequestInit): Promise<Response>;
  /** Purges, as a hub would bring word of it. */
  purge(...marks: Omit<PurgeMark, "epoch">[]): void;
  /** Gives or takes the lease. */
  lease(isHeld: boolean): void;
  /** What the service has counted since this was last asked. */
  counted(): Counted;
  /** Requests the origin got. */
  readonly seen: Request[];
  origin: Origin;
}

/** Sets a gateway up whose one origin is a function. Hosts differ, so that tests do not share the platform's cache. */
export function gatewayWith(
  cache: object,
  origin: Origin,
  controlPlane: ControlPlane | null = null,
  service: object = {},
): Step {
  const host = `${crypto.randomUUID()}.test`;
  const config = defineConfig({
    services: {
      s: {
        hosts: [host],
        pools: { p: { region: "enam", origins: [{ id: "o", url: "https://origin.test", mtls: "ORIGIN" }] } },
        retry: { attempts: 1 },
        // There is no hub here: leases are given and taken by the test.
        cache: { withoutLease: "serve", ...cache },
        ...service,
      },
    },
  });
  const seen: Request[] = [];
  const step: Step = {
    seen,
    origin,
    purge(...marks) {
      const { purges } = agreed().logged;
      const epoch = purges.version + 1;
      change(
        purges,
        marks.map((mark) => ({ key: purgeKey(mark), value: { ...mark, epoch } })),
      );
    },
    lease(isHeld) {
      agreed().lease.untilMs = isHeld ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    counted() {
      const since = counted;
      counted = { requests: 0, attempts: 0, counters: {} };
      return since;
    },
    async send(path, init) {
      const context = createExecutionContext();
      const request = new Request(`https://${host}${path}`, init) as Request<unknown, IncomingRequestCfProperties>;
      const response = (await handle(request, gateway, context))!;
      // The body is read before waiting: storing goes at the pace of the client.
      const body = await response.arrayBuffer();
      await waitOnExecutionContext(context);
      return new Response([101, 204, 205, 304].includes(response.status) ? null : body, response);
    },
  };
  const fetcher = {
    fetch: (url: string, init: RequestInit) => {
      const request = new Request(url, init);
      seen.push(request);
      return Promise.resolve(step.origin(request, seen.length));
    },
  };
  const gateway = openGateway(config, { ORIGIN: fetcher }, crypto.randomUUID(), controlPlane);
  // Listened to where it is said: reports themselves are taken by the sync, whenever it likes.
  const { report } = gateway.viewFrom("enam");
  let counted: Counted = { requests: 0, attempts: 0, counters: {} };
  report.request = (_service, { attempts }) => {
    counted.requests++;
    counted.attempts += attempts;
  };
  report.count = (_service, counter) => {
    counted.counters[counter] = (counted.counters[counter] ?? 0) + 1;
  };
  const agreed = () => gateway.viewFrom("enam").agreed;
  return step;
}

/** An origin that answers everything with these fields and how often it was asked. */
export function answering(headers: Record<string, string>, status = 200): Origin {
  return (_request, count) => new Response(`answer ${count}`, { status, headers });
}

export function cacheStatus(response: Response): string {
  return response.headers.get("Cache-Status") ?? "";
}
