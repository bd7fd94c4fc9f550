/** What three loads use, worked out from what was counted on a running system (counts.json). */
import { HOLD_MS, LEASE_MS, TICK_MS } from "../../src/agreement/timing.ts";
import { RATES, type Usage } from "./rates.ts";

/** Counted while four places, each an isolate's view and a hub of its own, get one request a minute each. */
export interface QuietCounts {
  /** Per minute and place. */
  readonly calls: number;
  readonly rows: number;
}

/** Counted while one isolate with everything on has 1,000 requests a second, by its own clock. */
export interface BusyCounts {
  readonly requests: number;
  /** Before the count, while everything started. */
  readonly startCalls: number;
  readonly startRows: number;
  /** Calls by an isolate, per second. */
  readonly isolateCallsPerSecond: number;
  /** Calls by a hub and alarms, per second and region. */
  readonly hubCallsPerSecond: number;
  readonly rowsPerSecond: number;
  /** To origins. */
  readonly subrequestsPerRequest: number;
  /** The whole process, kernel included: more than what is billed. */
  readonly cpuMsPerRequest: number;
}

export interface Counts {
  readonly date: string;
  readonly quiet: QuietCounts;
  readonly busy: BusyCounts;
}

export interface Load {
  readonly name: string;
  readonly requestsPerMonth: number;
  /** A month of it. */
  readonly own: Usage;
  /** A month of what Fairlead's agreement adds to the Worker. */
  readonly added: Usage;
}

const MONTH_SECONDS = 30 * 86_400;
const REGIONS_OF_THE_WORLD = 11;
const PLACES_OF_THE_WORLD = 300;

/** An object is billed while it works or has a timer: a hub until its last lease has run out, with which it leaves. */
const HUB_AWAKE_AFTER_REQUEST_SECONDS = (HOLD_MS + LEASE_MS + TICK_MS) / 1_000;

export function loadsOf({ quiet, busy }: Counts): readonly Load[] {
  const quietRequests = (4 * MONTH_SECONDS) / 60;
  const quietAwake = 4 * Math.min(1, HUB_AWAKE_AFTER_REQUEST_SECONDS / 60);
  return [
    {
      name: "quiet site: one request a minute from each of four places",
      requestsPerMonth: quietRequests,
      own: ownOf(quietRequests, busy),
      added: addedOf(quietRequests * quiet.calls, quietRequests * quiet.rows, quietAwake),
    },
    busyLoad("1,000 requests/s, one isolate in each of four regions", 1_000, 4, 4, busy),
    busyLoad("100,000 requests/s over 300 places", 100_000, PLACES_OF_THE_WORLD, REGIONS_OF_THE_WORLD, busy),
  ];
}

/** Calls and rows go with the time and with who is awake, not with the requests. */
function busyLoad(name: string, perSecond: number, isolates: number, regions: number, busy: BusyCounts): Load {
  const requests = perSecond * MONTH_SECONDS;
  const callsPerSecond = isolates * busy.isolateCallsPerSecond + regions * busy.hubCallsPerSecond;
  // Hubs hold calls all the time, and the limiter has its timer; the other objects answer and rest.
  const awake = regions + 1;
  return {
    name,
    requestsPerMonth: requests,
    own: ownOf(requests, busy),
    added: addedOf(callsPerSecond * MONTH_SECONDS, regions * busy.rowsPerSecond * MONTH_SECONDS, awake),
  };
}

function ownOf(requests: number, { cpuMsPerRequest }: BusyCounts): Usage {
  return { requests, cpuMs: requests * cpuMsPerRequest, objectCalls: 0, gbSeconds: 0, rowsWritten: 0 };
}

/** @param awake objects that are billed for their time, on average */
function addedOf(calls: number, rows: number, awake: number): Usage {
  return {
    requests: 0,
    cpuMs: 0,
    objectCalls: calls,
    gbSeconds: awake * MONTH_SECONDS * RATES.objectGb,
    rowsWritten: rows,
  };
}

/** Calls and rows of the first million requests at 1,000 a second, the start included. */
export function firstMillion(busy: BusyCounts): { readonly calls: number; readonly rows: number } {
  const seconds = 1_000;
  return {
    calls: busy.startCalls + seconds * (busy.isolateCallsPerSecond + busy.hubCallsPerSecond),
    rows: busy.startRows + seconds * busy.rowsPerSecond,
  };
}

/** Of a month's usage, what a million requests use. */
export function perMillion(usage: Usage, requestsPerMonth: number): Usage {
  const share = 1_000_000 / requestsPerMonth;
  return Object.fromEntries(Object.entries(usage).map(([meter, used]) => [meter, used * share])) as unknown as Usage;
}
