// A client that asks several isolates as often as it is told, and knows what was certainly let in too much.
import { Agent, request } from "node:http";

export interface Answered {
  /** ms since the epoch. The request was let in, or not, in between. */
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Ask {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Lets connections go before workerd does, which would cost a request that is just then on its way (see demo/client.ts). */
const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 5_000 });

/** Asks once. Node's fetch would not let `Host` be chosen. */
export function ask({ port, host, path, method = "GET", headers = {} }: Ask): Promise<Answered> {
  const sentMs = Date.now();
  return new Promise((resolve, reject) => {
    const asking = request(
      { agent, host: "127.0.0.1", port, path, method, headers: { host, ...headers } },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (body += chunk));
        answer.on("end", () => {
          const { statusCode: status = 0, headers } = answer;
          resolve({ sentMs, answeredMs: Date.now(), status, headers, body });
        });
        answer.on("error", reject);
      },
    );
    asking.on("error", reject);
    asking.end();
  });
}

/** Asks `perSecond` times a second, ports in turn, for `forMs`; resolves when all are answered. */
export async function hammer(
  ports: readonly number[],
  perSecond: number,
  forMs: number,
  what: Omit<Ask, "port">,
): Promise<Answered[]> {
  const startedMs = performance.now();
  const asked: Promise<Answered>[] = [];
  while (performance.now() - startedMs < forMs) {
    const due = ((performance.now() - startedMs) * perSecond) / 1_000;
    while (asked.length < due) {
      const asking = ask({ ...what, port: ports[asked.length % ports.length]! });
      // It is waited for below; until then a failure must not count as one that nobody handles.
      asking.catch(() => {});
      asked.push(asking);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(asked);
}
