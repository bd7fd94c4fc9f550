/**
 * What an origin answers. Any path: JSON that tells what was received. And a few paths for what JSON cannot show:
 * `/sse[?count=N]` events every 100 ms, `/redirect` a 302, `/bytes/N` N bytes (byte i is i mod 256; Range is honoured;
 * `?chunked` leaves out the length), `/status/NNN` that status (200 to 599).
 */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { OriginSpec } from "./origin.ts";

const KEPT_BODY_BYTES = 1024;
const MAX_BYTES = 8 * 1024 ** 3;
const EVENT_INTERVAL_MS = 100;
const STATUSES_WITHOUT_BODY = [204, 205, 304];

/** 64 KiB in which byte i is i mod 256; a multiple of 256, so it can follow itself. */
const PATTERN = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, index) => index & 0xff));

export interface AnswerOptions {
  /** How long the request has been kept waiting, in ms; told in the answer. */
  readonly waitedMs: number;
  /** Answer this status, whatever the path. */
  readonly failWith: number | undefined;
}

/** Reads the request to its end, then answers it. */
export async function answer(
  spec: OriginSpec,
  request: IncomingMessage,
  response: ServerResponse,
  { waitedMs, failWith }: AnswerOptions,
): Promise<void> {
  const body = await receive(request);
  const url = request.url ?? "/";
  const [path = "/", query = ""] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  const status = failWith ?? numberAfter("/status/", path, 599);
  if (failWith === undefined) {
    const bytes = numberAfter("/bytes/", path, MAX_BYTES);
    if (bytes !== undefined) return sendBytes(request, response, bytes, parameters.has("chunked"));
    if (path === "/sse") return sendEvents(response, Number(parameters.get("count") ?? Infinity));
    if (path === "/redirect")
      return void response.writeHead(302, { Location: "/redirected", "Content-Length": 0 }).end();
  }
  const known = status !== undefined && status >= 200 ? status : 200;
  if (STATUSES_WITHOUT_BODY.includes(known)) return void response.writeHead(known).end();
  const { name, id, region } = spec;
  const received = { method: request.method, path: url, headers: request.headers, ...body };
  const text = `${JSON.stringify({ name, id, region, waitedMs, received }, null, 2)}\n`;
  response.writeHead(known, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

/** The size of a body, its SHA-256 in hex, and how it begins. */
async function receive(request: IncomingMessage) {
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bodyBytes < KEPT_BODY_BYTES) kept.push(chunk.subarray(0, KEPT_BODY_BYTES - bodyBytes));
    bodyBytes += chunk.byteLength;
    hash.update(chunk);
  }
  return { bodyBytes, bodySha256: hash.digest("hex"), bodyStart: Buffer.concat(kept).toString("utf8") };
}

async function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  size: number,
  chunked: boolean,
): Promise<void> {
  const range = chunked ? undefined : requestedRange(request.headers.range, size);
  if (range === "unsatisfiable") {
    return void response.writeHead(416, { "Content-Range": `bytes */${size}`, "Content-Length": 0 }).end();
  }
  const [first, last] = range ?? [0, size - 1];
  response.writeHead(range === undefined ? 200 : 206, {
    "Content-Type": "application/octet-stream",
    "Accept-Ranges": "bytes",
    ...(range === undefined ? {} : { "Content-Range": `bytes ${first}-${last}/${size}` }),
    ...(chunked ? {} : { "Content-Length": last - first + 1 }),
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(Readable.from(pattern(first, last)), response);
}

function* pattern(first: number, last: number): Generator<Buffer> {
  for (let at = first; at <= last;) {
    const start = at % PATTERN.byteLength;
    const chunk = PATTERN.subarray(start, Math.min(PATTERN.byteLength, start + last - at + 1));
    yield chunk;
    at += chunk.byteLength;
  }
}

/** The one range asked for (RFC 9110 section 14.1.2); several, or another unit, are ignored as the RFC allows. */
function requestedRange(
  field: string | undefined,
  size: number,
): readonly [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(field ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] =
    match[1] === ""
      ? [Math.max(0, size - Number(match[2])), size - 1]
      : [Number(match[1]), match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1)];
  return first > last || first >= size ? "unsatisfiable" : [first, last];
}

async function sendEvents(response: ServerResponse, count: number): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  for (let id = 1; id <= count && !response.destroyed; id++) {
    response.write(`id: ${id}\ndata: ${new Date().toISOString()}\n\n`);
    if (id < count) await sleep(EVENT_INTERVAL_MS);
  }
  response.end();
}

function numberAfter(prefix: string, path: string, max: number): number | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const text = path.slice(prefix.length);
  return /^\d{1,12}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}
