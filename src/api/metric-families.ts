/** What `/metrics` says: the hubs' statistics as metric families. Names are an interface: dashboards and alerts go by them. */
import type { HubCounters, HubStatistics } from "../../durable-objects/hub-description.ts";
import { addLatencies, BUCKET_BOUNDS_MS, noLatencies, type LatencyCounts } from "../agreement/latency-counts.ts";
import type { HubName, OriginReading } from "../agreement/protocol.ts";
import { regionOf } from "../agreement/sharding.ts";
import type { AnswerCounts, OriginCounts, ServiceCounts } from "../agreement/traffic-counts.ts";
import { Exposition, type Labels } from "../telemetry/exposition.ts";

const BOUNDS_SECONDS = BUCKET_BOUNDS_MS.map((ms) => ms / 1000);
const PHASES = ["closed", "half-open", "open"] as const;

/** Counters that hubs keep of themselves, by the end of their metric's name. */
const HUB_COUNTERS: Readonly<Record<keyof HubCounters | "releases", readonly [name: string, help: string]>> = {
  syncs: ["syncs_total", "Syncs that isolates sent."],
  reports: ["reports_total", "Reports that isolates sent ahead of their next sync."],
  contacts: ["contacts_total", "Times the hub asked the ControlPlane what is new."],
  contactFailures: ["contact_failures_total", "Of the contacts: not answered."],
  answersWithoutLease: [
    "answers_without_lease_total",
    "Syncs answered without a lease, because the hub had none itself.",
  ],
  breakerCalls: ["breaker_calls_total", "Calls to origins' breakers."],
  rowsWritten: ["rows_written_total", "Rows written to storage, set alarms included."],
  releases: ["releases_total", "Held syncs that were released by a change."],
};

/**
 * The metrics, as text.
 *
 * @param hubs      what each hub says; several of one region are its shards
 * @param away      hubs that did not answer
 * @param serviceOf the service of an origin; undefined: it has gone
 */
export function metricsText(
  hubs: ReadonlyMap<HubName, HubStatistics>,
  away: readonly HubName[],
  serviceOf: (origin: string) => string | undefined,
): string {
  const out = new Exposition();
  for (const hub of away) out.add("fairlead_hub_up", "gauge", HUB_UP, placeOf(hub), 0);
  for (const [hub, statistics] of hubs) {
    const place = placeOf(hub);
    addHub(out, place, statistics);
    for (const [service, counts] of statistics.totals.services) addService(out, { service, ...place }, counts);
    for (const [instance, reading] of statistics.readings) {
      const labels = { service: serviceOf(instance), instance, ...place };
      const { totals, recent } = statistics;
      addInstance(out, labels, reading, totals.origins.get(instance), recent.origins.get(instance));
    }
  }
  return out.text();
}

const HUB_UP = "Whether the hub answered this scrape.";

/** A region's shards beyond the first are told apart: their counters begin anew at different times. */
function placeOf(hub: HubName): Labels {
  const region = regionOf(hub);
  return { region, shard: hub === region ? undefined : hub.slice(region.length + 1) };
}

function addHub(out: Exposition, place: Labels, { description }: HubStatistics): void {
  const { isolates, held, oldestViewMs, counters, versions } = description;
  out.add("fairlead_hub_up", "gauge", HUB_UP, place, 1);
  out.add("fairlead_hub_isolates", "gauge", "Isolates that hold a lease on their view.", place, isolates);
  out.add("fairlead_hub_held_syncs", "gauge", "Syncs that wait for something new.", place, held);
  out.add(
    "fairlead_view_age_seconds",
    "gauge",
    "Time since the isolate with the oldest view under a lease last synced.",
    place,
    oldestViewMs / 1000,
  );
  for (const section of ["overrides", "purges", "flags"] as const) {
    const labels = { section, ...place };
    out.add("fairlead_view_version", "gauge", "The version of a section that the hub has.", labels, versions[section]);
  }
  for (const [counter, [name, help]] of Object.entries(HUB_COUNTERS))
    out.add(`fairlead_hub_${name}`, "counter", help, place, counters[counter as keyof typeof HUB_COUNTERS]);
}

function addService(out: Exposition, labels: Labels, counts: ServiceCounts): void {
  const { requests, errors, attempts, retries } = counts;
  out.add("fairlead_requests_total", "counter", "Requests answered, by whomever.", labels, requests);
  out.add("fairlead_errors_total", "counter", "Requests answered with an error of ours or a 5xx.", labels, errors);
  out.add("fairlead_attempts_total", "counter", "Attempts made for requests.", labels, attempts);
  out.add("fairlead_retries_total", "counter", "Attempts beyond a request's first.", labels, retries);
  for (const [name, count] of Object.entries(counts.counters)) addEvent(out, labels, name, count);
  const byInstance = new Map<string, AnswerCounts[]>();
  for (const [algorithm, answers] of counts.answers) {
    for (const [instance, answer] of answers) {
      byInstance.set(instance, [...(byInstance.get(instance) ?? []), answer]);
      addRequests(out, { algorithm, instance, ...labels }, answer);
    }
  }
  for (const [instance, answers] of byInstance) addResponseTimes(out, { instance, ...labels }, answers);
}

function addRequests(out: Exposition, labels: Labels, { success, failure }: AnswerCounts): void {
  const help = "Requests answered, by policy, by whose answer it was, and by whether it was one to be glad of.";
  for (const [counts, word] of [
    [success, "true"],
    [failure, "false"],
  ] as const)
    if (counts !== null)
      out.add("gateway_load_balancer_request_total", "counter", help, { ...labels, success: word }, counts.count);
}

function addResponseTimes(out: Exposition, labels: Labels, answers: readonly AnswerCounts[]): void {
  for (const success of [true, false]) {
    const sum = noLatencies();
    for (const answer of answers) {
      const counts: LatencyCounts | null = success ? answer.success : answer.failure;
      if (counts !== null) addLatencies(sum, counts);
    }
    if (sum.count === 0) continue;
    out.addHistogram(
      "gateway_load_balancer_response_time_seconds",
      "Time from a request's arrival to the head of its response.",
      { ...labels, success: String(success) },
      { bounds: BOUNDS_SECONDS, buckets: sum.buckets, sum: sum.sumMs / 1000 },
    );
  }
}

/** Counters by their names (src/telemetry/service-counters.ts, limit-events.ts). */
function addEvent(out: Exposition, labels: Labels, name: string, count: number): void {
  const [area = "", ...rest] = name.split(".");
  const event = rest.at(-1);
  // A limit's name may have dots.
  const subject = rest.slice(0, -1).join(".");
  if (area === "cache") {
    out.add("fairlead_cache_total", "counter", "What became of cacheable requests.", { event, ...labels }, count);
  } else if (area === "limit") {
    const help = "What rate limits did, by limit.";
    out.add("fairlead_rate_limit_total", "counter", help, { limit: subject, event, ...labels }, count);
  } else if (area === "priority") {
    const help = "Requests turned away because of their level.";
    out.add("fairlead_shed_total", "counter", help, { level: subject, ...labels }, count);
  } else {
    out.add("fairlead_events_total", "counter", "Further events, by name.", { event: name, ...labels }, count);
  }
}

function addInstance(
  out: Exposition,
  labels: Labels,
  reading: OriginReading,
  total: OriginCounts | undefined,
  recent: OriginCounts | undefined,
): void {
  const gauge = (name: string, help: string, value: number) => out.add(name, "gauge", help, labels, value);
  const counter = (name: string, help: string, more: Labels, value: number) =>
    out.add(name, "counter", help, { ...more, ...labels }, value);
  const ended = (recent?.successes ?? 0) + (recent?.failures ?? 0);
  const successRate = recent === undefined || ended === 0 ? Number.NaN : recent.successes / ended;
  const isOut = reading.breaker !== "closed" || !reading.healthy;

  gauge(
    "gateway_instance_health_score",
    "0 while it is out; else the share of requests it is admitted times its success rate of the last five minutes.",
    isOut ? 0 : reading.admission * (Number.isNaN(successRate) ? 1 : successRate),
  );
  gauge("gateway_instance_active_connections", "Attempts that wait for a response head.", reading.inFlight);
  // A count, but its name is given, and Prometheus wants counters to end in `_total`.
  gauge(
    "gateway_instance_total_requests",
    "Attempts that ended since the hub started; a counter is fairlead_instance_attempts_total.",
    total === undefined ? 0 : total.successes + total.failures,
  );
  gauge("gateway_instance_success_rate", "Share of attempts that succeeded, last five minutes.", successRate);
  gauge(
    "gateway_instance_average_response_time",
    "Of successful attempts to the response head, last five minutes, in seconds.",
    recent === undefined || recent.successes === 0 ? Number.NaN : recent.sumMs / recent.successes / 1000,
  );

  for (const state of PHASES)
    out.add(
      "fairlead_breaker_state",
      "gauge",
      "1 for the state the origin's breaker is in for the region.",
      { state, ...labels },
      reading.breaker === state ? 1 : 0,
    );
  gauge("fairlead_instance_healthy", "The health verdict for the region.", reading.healthy ? 1 : 0);
  gauge("fairlead_instance_admission_ratio", "Share of requests admitted while it recovers.", reading.admission);
  gauge(
    "fairlead_instance_latency_seconds",
    "What the region goes by: a peak-sensitive average of times to the response head.",
    reading.latencyMs / 1000,
  );
  if (total === undefined) return;
  const attempts = "Attempts that ended, by how.";
  const { successes, failures, connectionFailures, timeouts, slow, panics } = total;
  const others = failures - connectionFailures - timeouts;
  for (const [outcome, count] of Object.entries({
    success: successes,
    connection: connectionFailures,
    timeout: timeouts,
    failure: others,
  }))
    counter("fairlead_instance_attempts_total", attempts, { outcome }, count);
  counter("fairlead_instance_slow_total", "Of the successes: slower than the breaker's `slowMs`.", {}, slow);
  counter("fairlead_instance_panics_total", "Attempts made because nothing was available.", {}, panics);
}
