/** The control plane's Durable Objects in memory, over the same rules: for tests of what the API does with them. */
import type { AuditRecord } from "../../src/agreement/audit-record.ts";
import type { LoggedDelta, LoggedSection } from "../../src/agreement/protocol.ts";
import type { ControlPlaneForApi, EntryChange, Revision } from "../../src/agreement/revision.ts";
import { noSyncs } from "../../src/telemetry/sync-counters.ts";
import { noRollUps, performanceOf } from "../../src/agreement/roll-ups.ts";
import { noCounts } from "../../src/agreement/traffic-counts.ts";
import { noHubCalls, type HubForApi } from "../../durable-objects/hub-description.ts";
import type { AffinityForApi } from "../../src/affinity/messages.ts";
import { change, deltaSince, type SectionState } from "../../src/agreement/section.ts";
import { emptyLog } from "../../src/agreement/view-state.ts";
import type { System } from "../../src/api/system.ts";
import { breakerSchema, rampSchema } from "../../src/config/breaker.ts";
import { obey } from "../../src/resilience/breaker-order.ts";
import { FRESH_AGREEMENT, type OriginAgreement } from "../../src/resilience/origin-agreement.ts";
import { NO_HISTORY, type OriginInspection } from "../../src/resilience/origin-history.ts";
import { begin, end, type IdempotencyEntry } from "../../src/resilience/idempotency.ts";
import type { KeptAnswer } from "../../src/resilience/idempotency-messages.ts";

export function memoryObjects(
  clock: () => number,
): Pick<System, "control" | "audit" | "ledger" | "hub" | "breaker" | "limiter" | "sessions" | "syncCounters"> {
  const records: AuditRecord[] = [];
  const audit: System["audit"] = {
    append(entries) {
      for (const { entry } of entries) records.unshift({ id: records.length + 1, ...entry });
      return Promise.resolve();
    },
    query: ({ actor, action, target, before = Infinity, limit }) =>
      Promise.resolve(
        records
          .filter((record) => record.id < before)
          .filter((record) => (actor ?? record.actor) === record.actor)
          .filter((record) => (action ?? record.action) === record.action)
          .filter((record) => (target ?? record.target) === record.target)
          .slice(0, limit),
      ),
  };
  return {
    control: memoryControl(clock, audit),
    audit,
    ledger: memoryLedger(clock),
    hub: () => memoryHub(clock),
    breaker: memoryBreakers(clock),
    limiter: () => ({ reset: () => Promise.resolve() }),
    syncCounters: noSyncs(),
    sessions: () => NO_SESSIONS,
  };
}

/** A shard without sessions: what it does with them is tested on the real one. */
const NO_SESSIONS: AffinityForApi = {
  list: () => Promise.resolve([]),
  find: () => Promise.resolve(null),
  revoke: () => Promise.resolve(),
  revokeAll: () => Promise.resolve(0),
  statistics: () => Promise.resolve({ active: 0, created: 0, moved: 0, expired: 0, revoked: 0, evicted: 0 }),
};

/** A hub that nobody has reported anything to. */
function memoryHub(clock: () => number): HubForApi {
  const versions = { base: "", hub: "memory", origins: 0, overrides: 0, purges: 0, flags: 0, sessions: 0 };
  const description = {
    hub: "memory",
    instance: "memory",
    isolates: 0,
    oldestViewMs: 0,
    held: 0,
    shards: 1,
    versions,
    services: {},
  };
  const counters = { ...noHubCalls(), releases: 0 };
  return {
    statistics: () =>
      Promise.resolve({
        description: { ...description, counters },
        spanMs: 0,
        totals: noCounts(),
        recent: noCounts(),
        readings: [],
      }),
    performance: (windowMinutes, service) =>
      Promise.resolve(performanceOf(noRollUps(clock()), windowMinutes, service, clock())),
    failovers: () => Promise.resolve({ serving: {}, failovers: [] }),
    forgetStatistics: () => Promise.resolve(),
    reload: () => Promise.resolve(true),
  };
}

function memoryControl(clock: () => number, audit: System["audit"]): ControlPlaneForApi {
  const logged = emptyLog();
  const state = (section: LoggedSection) => logged[section] as SectionState<unknown>;
  const revisions: Revision[] = [];
  return {
    async append(section, entries, note, { expected, have } = {}) {
      const atMs = clock();
      const before = state(section);
      const since = (): LoggedDelta => {
        const part = have === undefined ? null : deltaSince(state(section), have[section]);
        return part === null ? {} : { [section]: part };
      };
      if (expected !== undefined && expected !== before.version)
        return { accepted: false, version: before.version, atMs, changes: [], delta: since() };
      const changes = entries.map(
        ({ key, value }) =>
          ({ key, before: before.entries.get(key)?.value ?? null, after: value }) as unknown as EntryChange,
      );
      const { to } = change(before, entries);
      revisions.unshift({ section, version: to, atMs, keys: entries.map(({ key }) => key), note, changes });
      const side = (which: "before" | "after") => Object.fromEntries(changes.map((each) => [each.key, each[which]]));
      const { actor = "", action = "", target = "", reason = "", requestId = "" } = note;
      const who = { actor, action, target, reason, requestId, outcome: "done" as const };
      await audit.append([{ key: String(to), entry: { ...who, atMs, before: side("before"), after: side("after") } }]);
      return { accepted: true, version: to, atMs, changes, delta: since() };
    },
    heartbeat: (origins) =>
      Promise.resolve(origins.filter((origin) => logged.overrides.entries.get(`registration/${origin}`)?.value)),
    confirm: () => Promise.resolve({ complete: true, effectiveWithinMs: 0, hubs: { confirmed: 0, total: 0 } }),
    standing(section) {
      const entries = [...state(section).entries].filter(([, { value }]) => value !== null);
      const values = new Map(entries.map(([key, { value }]) => [key, value])) as never;
      return Promise.resolve({ version: state(section).version, entries: values });
    },
    hubs: () => Promise.resolve([]),
    changes: (section, limit, before = Infinity) =>
      Promise.resolve(revisions.filter((each) => each.section === section && each.version < before).slice(0, limit)),
  };
}

function memoryLedger(clock: () => number): System["ledger"] {
  const kept = new Map<string, { entry: IdempotencyEntry; answer: KeptAnswer | null }>();
  return {
    begin(key, question) {
      const known = kept.get(key);
      const { decision, entry } = begin(known?.entry ?? null, question, clock());
      if (decision === "run") kept.set(key, { entry, answer: null });
      return Promise.resolve({ decision, answer: decision === "replay" ? (known?.answer ?? null) : null });
    },
    end(key, run, answered, answer) {
      const entry = end(kept.get(key)?.entry ?? null, run, answered, clock());
      if (entry !== null) kept.set(key, { entry, answer });
      return Promise.resolve();
    },
  };
}

/** Breakers that open only when told to. */
function memoryBreakers(clock: () => number): System["breaker"] {
  const agreements = new Map<string, OriginAgreement>();
  const rules = { breaker: breakerSchema.parse({}), ramp: rampSchema.parse({}) };
  return (origin) => {
    const inspect = (): OriginInspection => {
      return { ...NO_HISTORY, origin, agreement: agreements.get(origin) ?? FRESH_AGREEMENT, states: {} };
    };
    return {
      inspect: () => Promise.resolve(inspect()),
      order(order) {
        const before = agreements.get(origin) ?? FRESH_AGREEMENT;
        agreements.set(origin, obey(before, order, rules, { nowMs: clock(), random: () => 0.5 }));
        return Promise.resolve({ inspection: inspect(), told: ["memory"], away: [] });
      },
    };
  };
}
