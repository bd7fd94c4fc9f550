/** A client of the counts: requests one by one or many over a few connections, answered with 200 or not counted at all. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { REQUEST_HEADERS } from "../hot-path/wrk.ts";

export interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type RequestHeaders = Readonly<Record<string, string>>;

/** @throws Error for any status but 200 */
export function get(address: string, path: string, headers: RequestHeaders, agent?: Agent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const [host, port] = address.split(":");
  httpRequest({ host, port, path, headers, ...(agent === undefined ? {} : { agent }) }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    response.on("error", reject).on("end", () => {
      if (response.statusCode === 200) resolve({ headers: response.headers, body });
      else reject(new Error(`Expected 200 from ${path}, got ${response.statusCode}: ${body}`));
    });
  })
    .on("error", reject)
    .end();
  return promise;
}

/** What every request carries from then on: the fields of the bench, and the cookies that the first answer set. */
export async function withSession(address: string): Promise<RequestHeaders> {
  const { headers } = await get(address, "/", REQUEST_HEADERS);
  const cookies = (headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0]!);
  if (cookies.length === 0) throw new Error("Expected the first answer to set a session's cookie, it set none");
  return { ...REQUEST_HEADERS, Cookie: [REQUEST_HEADERS["Cookie"], ...cookies].join("; ") };
}

/** Sends `requests` over so many connections, each with one at a time. */
export async function sendMany(
  address: string,
  requests: number,
  connections: number,
  headers: RequestHeaders,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = requests;
  const keepSending = async () => {
    while (left-- > 0) await get(address, "/articles/42?page=2", headers, agent);
  };
  try {
    await Promise.all(Array.from({ length: connections }, keepSending));
  } finally {
    agent.destroy();
  }
}
