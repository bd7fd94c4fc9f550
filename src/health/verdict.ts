/** What one probe says: good or bad, and why. */
import type { MonitorConfig } from "../config/monitor.ts";
import { statusMatcher } from "../config/status-matcher.ts";

/** What Cloudflare says in the place of an origin that it could not ask ("Cloudflare 5xx errors"). */
const OF_THE_PLATFORM: Readonly<Record<number, string>> = {
  521: "connection refused",
  522: "no connection in time",
  523: "unreachable",
  524: "no answer in time",
  525: "TLS handshake failed",
  526: "certificate not trusted",
  530: "host name not found",
};

/** What came of a probe. */
export type ProbeAnswer =
  /** `body`: its beginning, or null where it was not read. */
  | { readonly kind: "response"; readonly status: number; readonly body: string | null }
  | { readonly kind: "connected" }
  | { readonly kind: "timeout" }
  | { readonly kind: "error"; readonly message: string };

export interface ProbeResult {
  readonly good: boolean;
  /** In a few words for an operator. */
  readonly reason: string;
  /** Time to the response head or to the connection, ms. */
  readonly durationMs: number;
}

/** Judges an answer by what the monitor expects. */
export function judgeProbe(
  answer: ProbeAnswer,
  monitor: Pick<MonitorConfig, "expectedStatus" | "expectedBody" | "timeoutMs">,
  durationMs: number,
): ProbeResult {
  const [good, reason] = judge(answer, monitor);
  return { good, reason, durationMs };
}

function judge(
  answer: ProbeAnswer,
  monitor: Pick<MonitorConfig, "expectedStatus" | "expectedBody" | "timeoutMs">,
): [good: boolean, reason: string] {
  switch (answer.kind) {
    case "connected":
      return [true, "connected"];
    case "timeout":
      return [false, `no answer in ${monitor.timeoutMs} ms`];
    case "error":
      return [false, answer.message];
    case "response":
      if (!statusMatcher(monitor.expectedStatus)(answer.status)) return [false, unexpected(answer.status)];
      if (monitor.expectedBody !== undefined && !(answer.body ?? "").includes(monitor.expectedBody))
        return [false, `status ${answer.status}, expected text missing`];
      return [true, `status ${answer.status}`];
  }
}

function unexpected(status: number): string {
  const meaning = OF_THE_PLATFORM[status];
  return meaning === undefined ? `status ${status}` : `status ${status}: ${meaning}`;
}
