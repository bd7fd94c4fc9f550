/** docs/reference/cost.md: what Fairlead costs, written from what was counted and from the published rates. */
import { formatTable } from "../figure.ts";
import { loadsOf, perMillion, type Counts, type Load } from "./loads.ts";
import { monthlyPriceOf, priceOf, RATES, type Usage } from "./rates.ts";

export const COST_PAGE = new URL("../../docs/reference/cost.md", import.meta.url);
export const COUNTS = new URL("counts.json", import.meta.url);

/** Cloudflare Load Balancing as its price list is known: endpoints beyond two, and DNS queries beyond 500,000. */
const LOAD_BALANCING = { perMonth: 5, endpoints: 2, perEndpoint: 5, queries: 500_000, perQueries: 0.5 };
const ENDPOINTS = 4;

/** How long an object that answers at once is awake for a call. */
const NAIVE_CALL_SECONDS = 0.01;

const MONTH_SECONDS = 30 * 86_400;

const NO_USAGE: Usage = { requests: 0, cpuMs: 0, objectCalls: 0, gbSeconds: 0, rowsWritten: 0 };

export function costPage(counts: Counts): string {
  const loads = loadsOf(counts);
  const { perMillion: rate, includedPerMonth: included } = RATES;
  return `# What it costs

Written by \`npm run figures -- cost --write\` from what was counted on a running system with everything on (steering, breakers,
retries, sessions by cookie, a leased limit, reports; ${counts.date}, [bench/cost/counts.json](../../bench/cost/counts.json)) and from Cloudflare's
published rates, looked up on ${RATES.readOn}. US dollars; a month has 30 days. Data transfer to origins and clients is not metered.

## The rates

${formatTable([
  { meter: "Worker requests", "per million": dollars(rate.requests), "included a month": million(included.requests) },
  { meter: "Worker CPU, ms", "per million": dollars(rate.cpuMs), "included a month": million(included.cpuMs) },
  {
    meter: "Durable Object calls and alarms",
    "per million": dollars(rate.objectCalls),
    "included a month": million(included.objectCalls),
  },
  {
    meter: "Durable Object time, GB-s (128 MB each)",
    "per million": dollars(rate.gbSeconds),
    "included a month": million(included.gbSeconds),
  },
  {
    meter: "rows written; setting an alarm is one",
    "per million": dollars(rate.rowsWritten),
    "included a month": million(included.rowsWritten),
  },
])}

## A million requests

What Fairlead adds to the Worker's own price, with nothing included. Subrequests are those to origins and the calls to objects; neither they
nor data points have a price of their own here. The CPU is the Worker's.

${formatTable(loads.map((load) => row(load, counts)))}

"One call each" is what a design pays that asks one Durable Object on every request, for one thing: a call, and an object
that is awake for ${NAIVE_CALL_SECONDS * 1000} ms of it, one object however many requests there are (it would need more: one takes about 1,000 calls a second).
The CPU is that of the whole local process, kernel included, and so more than what is billed.

## A month

${formatTable(loads.map(monthRow))}

Beyond what the plan ($5 a month) includes. Cloudflare Load Balancing, by its price list as far as it is known to us: $${LOAD_BALANCING.perMonth} a month with
${LOAD_BALANCING.endpoints} endpoints, $${LOAD_BALANCING.perEndpoint} for each further one, $${LOAD_BALANCING.perQueries.toFixed(2)} per ${LOAD_BALANCING.queries.toLocaleString("en")} DNS queries after the first ${LOAD_BALANCING.queries.toLocaleString("en")}; geographic steering and faster
health checks cost extra. With ${ENDPOINTS} endpoints that is $${LOAD_BALANCING.perMonth + (ENDPOINTS - LOAD_BALANCING.endpoints) * LOAD_BALANCING.perEndpoint} a month and the queries. It counts DNS queries, which resolvers cache, where a Worker is
billed by request: on a busy site it is far cheaper than any Worker, and does less.

## What the numbers go by

- Calls go with time and with isolates, not with requests: an isolate renews its lease every two seconds, and the limiter lends it a slice for
  each key that is busy every few seconds. A limit per client costs more: up to a call for each client that comes once.
- The loads have one isolate in a place. Cloudflare decides how many it starts; each one more that has traffic all month adds ${dollars(isolateMonth(counts))}.
- A hub is awake while it holds calls: all the time on a busy site. After a lone request it is awake until the lease has run out, with which it leaves.
- Rows go with time: no request writes one.
`;
}

/** The calls of one isolate that is never without traffic, a month of them. */
function isolateMonth({ busy }: Counts): number {
  return priceOf({ objectCalls: busy.isolateCallsPerSecond * MONTH_SECONDS });
}

function row(load: Load, { busy }: Counts): Record<string, string> {
  const added = perMillion(load.added, load.requestsPerMonth);
  const own = priceOf(perMillion(load.own, load.requestsPerMonth));
  const addedPrice = priceOf(added);
  const awakeSeconds = Math.min(MONTH_SECONDS, load.requestsPerMonth * NAIVE_CALL_SECONDS);
  const gbSeconds = awakeSeconds * RATES.objectGb * (1_000_000 / load.requestsPerMonth);
  const oneCall = priceOf({ ...NO_USAGE, objectCalls: 1_000_000, gbSeconds });
  return {
    load: load.name,
    calls: digits(added.objectCalls),
    rows: digits(added.rowsWritten),
    subrequests: million(1_000_000 * busy.subrequestsPerRequest + added.objectCalls),
    "data points": "0",
    "CPU s": digits(perMillion(load.own, load.requestsPerMonth).cpuMs / 1_000),
    "GB-s": digits(added.gbSeconds),
    "Worker's own": dollars(own),
    "Fairlead adds": dollars(addedPrice),
    "of its own": `${((addedPrice / own) * 100).toFixed(1)} %`,
    "one call each adds": dollars(oneCall),
  };
}

function monthRow(load: Load): Record<string, string> {
  const both = Object.fromEntries(
    Object.entries(load.own).map(([meter, used]) => [meter, used + load.added[meter as keyof Usage]]),
  ) as unknown as Usage;
  return {
    load: load.name,
    requests: million(load.requestsPerMonth),
    "Worker alone": dollars(monthlyPriceOf(load.own)),
    "with Fairlead": dollars(monthlyPriceOf(both)),
  };
}

function dollars(amount: number): string {
  if (amount === 0) return "$0";
  return amount >= 100 ? `$${Math.round(amount)}` : `$${Number(amount.toPrecision(3))}`;
}

function million(count: number): string {
  return count >= 1_000_000 ? `${digits(count / 1_000_000)} million` : digits(count);
}

function digits(count: number): string {
  return Number(count.toPrecision(3)).toLocaleString("en");
}
