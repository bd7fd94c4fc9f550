/** Probes origins from where it runs: http, https or a TCP connection, at most six at once. */
import { connect } from "cloudflare:sockets";
import type { OriginSettings } from "../src/config/origin-settings.ts";
import type { Region } from "../src/config/region.ts";
import { resolveHeaders, type Bindings } from "../src/config/secret.ts";
import { judgeProbe, type ProbeAnswer, type ProbeResult } from "../src/health/verdict.ts";
import { VERSION } from "../src/version.ts";

/** Connections that one invocation may have waiting for a response head (Workers, "Simultaneous open connections"). */
const PROBES_AT_ONCE = 6;

/** How much of a body is looked through for `expectedBody`. */
const MAX_BODY_BYTES = 65_536;

/** What probing needs of the platform; tests put their own in. */
export interface ProbePlatform {
  readonly region: Region;
  readonly bindings: Bindings;
  readonly clock: () => number;
}

/** Probes every origin of the list and tells each result as it comes. Never rejects. */
export async function probeAll(
  origins: readonly OriginSettings[],
  platform: ProbePlatform,
  tell: (settings: OriginSettings, result: ProbeResult) => void,
): Promise<void> {
  const waiting = origins.values();
  const work = async () => {
    for (const settings of waiting) tell(settings, await probeOrigin(settings, platform));
  };
  await Promise.all(Array.from({ length: Math.min(PROBES_AT_ONCE, origins.length) }, work));
}

/** Probes one origin. Whatever goes wrong is the result. */
export async function probeOrigin(settings: OriginSettings, platform: ProbePlatform): Promise<ProbeResult> {
  const { monitor } = settings;
  const startedMs = platform.clock();
  const url = probeUrl(settings);
  const signal = AbortSignal.timeout(monitor.timeoutMs);
  const headAt: HeadTime = { ms: null };
  let answer: ProbeAnswer;
  try {
    answer = await (monitor.type === "tcp"
      ? probeTcp(url, signal)
      : probeHttp(url, settings, platform, signal, headAt));
  } catch (error) {
    answer = signal.aborted ? { kind: "timeout" } : { kind: "error", message: describe(error, url) };
  }
  return judgeProbe(answer, monitor, (headAt.ms ?? platform.clock()) - startedMs);
}

/** Where a probe goes: the origin's URL with the monitor's scheme, port and path. */
export function probeUrl({ origin, monitor }: Pick<OriginSettings, "origin" | "monitor">): URL {
  const base = new URL(origin.url);
  const scheme = monitor.type === "http" || monitor.type === "https" ? `${monitor.type}:` : base.protocol;
  const port = monitor.port === undefined ? base.port : String(monitor.port);
  const host = port === "" ? base.hostname : `${base.hostname}:${port}`;
  return new URL(`${scheme}//${host}${base.pathname.replace(/\/$/, "")}${monitor.path}`);
}

interface HeadTime {
  ms: number | null;
}

async function probeHttp(
  url: URL,
  { origin, monitor }: OriginSettings,
  { region, bindings, clock }: ProbePlatform,
  signal: AbortSignal,
  headAt: HeadTime,
): Promise<ProbeAnswer> {
  const headers = new Headers();
  for (const { name, value } of resolveHeaders(origin.headers, bindings)) headers.set(name, value);
  if (origin.hostHeader !== undefined) headers.set("Host", origin.hostHeader);
  for (const { name, value } of resolveHeaders(monitor.headers, bindings)) headers.set(name, value);
  headers.set("User-Agent", `Fairlead-Health/${VERSION}`);
  headers.set("Fairlead-Region", region);
  headers.set("Fairlead-Probe", "1");
  const fetcher = origin.mtls === undefined ? globalThis : (bindings[origin.mtls] as Pick<Fetcher, "fetch">);
  const response = await fetcher.fetch(url, {
    method: monitor.method,
    headers,
    redirect: "manual",
    cache: "no-store",
    signal,
  });
  headAt.ms = clock();
  try {
    const body = monitor.expectedBody === undefined ? null : await beginning(response);
    return { kind: "response", status: response.status, body };
  } finally {
    response.body?.cancel().catch(() => undefined);
  }
}

/** The first 64 KiB of a body as text. */
async function beginning(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      text += decoder.decode(value.subarray(0, MAX_BODY_BYTES - bytes), { stream: true });
      bytes += value.byteLength;
      if (bytes >= MAX_BODY_BYTES) return text;
    }
  } finally {
    reader.releaseLock();
  }
}

async function probeTcp(url: URL, signal: AbortSignal): Promise<ProbeAnswer> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const socket = connect({ hostname: url.hostname.replace(/^\[|\]$/g, ""), port });
  const timedOut = new Promise<ProbeAnswer>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "timeout" }), { once: true });
  });
  const opened = socket.opened.then((): ProbeAnswer => ({ kind: "connected" }));
  socket.closed.catch(() => undefined);
  try {
    return await Promise.race([opened, timedOut]);
  } finally {
    opened.catch(() => undefined);
    socket.close().catch(() => undefined);
  }
}

/**
 * In a few words for an operator; the runtime's messages name no secret. On Cloudflare a certificate that is not trusted is
 * a 526; workerd alone has an internal error for it and keeps the cause for its log, under the reference that it gives.
 */
function describe(error: unknown, { protocol }: URL): string {
  const message = error instanceof Error ? error.message : String(error);
  const isHidden = protocol === "https:" && message.startsWith("internal error");
  const said = isHidden ? `no TLS connection, is the certificate trusted? (${message})` : message;
  return said.length > 120 ? `${said.slice(0, 117)}...` : said;
}
