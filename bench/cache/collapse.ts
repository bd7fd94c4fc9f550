/** How many of 1,000 clients that ask for the same missing answer at once reach the origin, through one isolate. */
import { Agent, createServer, get } from "node:http";
import { startWorkerd } from "../../demo/workerd.ts";
import { freePort } from "../../demo/ports.ts";
import { defineConfig } from "../../src/config/define.ts";
import type { Reporter } from "../figure.ts";

const CLIENTS = 1000;
/** Long enough for all of them to have arrived. */
const ORIGIN_MS = 3000;

export async function measureCollapse(report: Reporter): Promise<void> {
  let asked = 0;
  const port = await freePort();
  const origin = createServer((request, response) => {
    if (request.url === "/cold") asked += 1;
    response.setHeader("Cache-Control", "max-age=60");
    setTimeout(() => response.end("the answer"), request.url === "/cold" ? ORIGIN_MS : 0);
  });
  await new Promise<void>((resolve) => origin.listen(port, "127.0.0.1", resolve));
  const config = defineConfig({
    services: {
      bench: {
        hosts: ["bench.test"],
        pools: { p: { region: "enam", origins: [{ id: "o", url: `http://127.0.0.1:${port}` }] } },
        cache: { rules: [{}] },
      },
    },
  });
  const worker = await startWorkerd({ config });
  const agent = new Agent({ maxSockets: CLIENTS });
  try {
    await answerOf(worker.url, "/warm", agent);
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => answerOf(worker.url, "/cold", agent)));
    const wrong = answers.filter((answer) => answer !== "200 the answer").length;
    if (wrong > 0) throw new Error(`Expected every client to get the answer, ${wrong} did not`);
    report.figure({
      figure: `origin requests for ${CLIENTS} clients at once on one cold key`,
      value: asked,
      unit: "requests",
      target: { equals: 1 },
    });
  } finally {
    agent.destroy();
    await worker.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

function answerOf(url: string, path: string, agent: Agent): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get(`${url}${path}`, { agent, headers: { Host: "bench.test" } }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    response.on("end", () => resolve(`${response.statusCode} ${body}`)).on("error", reject);
  }).on("error", reject);
  return promise;
}
