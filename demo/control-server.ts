/** Changes how origins behave over HTTP: `GET /origins`, `GET /origins/us-east`, `POST /origins/us-east {"mode":"down"}`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseBehaviour } from "./behaviour.ts";
import { close, listen } from "./listen.ts";
import type { Origin } from "./origin.ts";

const MAX_BODY_BYTES = 16 * 1024;

export interface ControlServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Something is wrong with a request; becomes its answer (RFC 9457). */
class Refusal extends Error {
  readonly status: number;
  readonly title: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, title: string, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.more = more;
  }
}

/**
 * Starts the control server for some origins on 127.0.0.1.
 *
 * @param onChange told of every accepted change
 * @throws Error when its port cannot be listened on
 */
export async function startControlServer(
  origins: readonly Origin[],
  port: number,
  onChange: (origin: Origin) => void = () => {},
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    void (async () => {
      try {
        send(response, 200, await route(origins, request, onChange));
      } catch (error) {
        sendProblem(response, error);
      }
    })();
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => close(server),
  };
}

async function route(
  origins: readonly Origin[],
  request: IncomingMessage,
  onChange: (origin: Origin) => void,
): Promise<unknown> {
  const path = (request.url ?? "/").split("?", 1)[0]!;
  const [, room, name, ...rest] = path.split("/");
  if (room !== "origins" || rest.length > 0) {
    throw new Refusal(404, "No such page", `Expected /origins or /origins/NAME, got ${path}`);
  }
  if (name === undefined || name === "") {
    allow(request, "GET");
    return { origins: await Promise.all(origins.map(describe)) };
  }
  allow(request, "GET", "POST");
  const origin = origins.find(({ spec }) => spec.name === name || spec.id === name);
  if (origin === undefined) {
    const known = origins.map(({ spec }) => spec.name).join(", ");
    throw new Refusal(404, "Unknown origin", `Expected one of ${known}, got ${name}`);
  }
  if (request.method === "POST") {
    const parsed = parseBehaviour(await readJson(request));
    if ("problems" in parsed) {
      const detail = parsed.problems
        .map(({ field, expected, received }) => `Expected \`${field}\` to be ${expected}, got ${display(received)}`)
        .join("; ");
      throw new Refusal(400, "Not a behaviour", detail, {
        problems: parsed.problems.map(({ field, expected, received }) => ({ field, expected, got: received ?? null })),
      });
    }
    await origin.behave(parsed.behaviour);
    onChange(origin);
  }
  return describe(origin);
}

async function describe(origin: Origin) {
  const { name, id, region } = origin.spec;
  return { name, id, region, url: origin.url, ...(await origin.counts()), behaviour: origin.behaviour() };
}

function allow(request: IncomingMessage, ...methods: readonly string[]): void {
  if (methods.includes(request.method ?? "")) return;
  throw new Refusal(405, "Method not allowed", `Expected ${methods.join(" or ")}, got ${request.method}`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  // Leaving the loop must not destroy the request: its socket carries the answer.
  const chunks = request.setEncoding("utf8").iterator({ destroyOnReturn: false }) as AsyncIterable<string>;
  for await (const chunk of chunks) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) {
      throw new Refusal(413, "Body too large", `Expected a body of at most ${MAX_BODY_BYTES} bytes`);
    }
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, "Not JSON", `Expected the body to be JSON such as {"mode":"down"}, got ${display(text)}`);
  }
}

function sendProblem(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) {
    send(response, 500, { type: "about:blank", title: "The change failed", status: 500, detail: String(error) });
    return;
  }
  const { status, title, message, more } = error;
  // The rest of a body that was not read makes the connection useless.
  if (status === 413) response.setHeader("Connection", "close");
  send(response, status, { type: "about:blank", title, status, detail: message, ...more });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "Content-Type": type }).end(`${JSON.stringify(body, null, 2)}\n`);
}

function display(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
