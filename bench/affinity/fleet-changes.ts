/** What 10,000 live sessions do when the fleet changes: the rules of the request path, without a wire. */
import { bind, type Binding } from "../../src/affinity/binding.ts";
import { claimOf } from "../../src/affinity/claim.ts";
import { homeOf, makeAtlas, originPlace } from "../../src/affinity/places.ts";
import { hashText } from "../../src/steering/hash.ts";
import { rendezvous } from "../../src/steering/rendezvous.ts";
import { refreshAvailability, type ServiceState } from "../../src/steering/availability.ts";
import { options, origin, pool, requestFrom, service } from "../../test/steering/support.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Reporter } from "../figure.ts";

const SESSIONS = 10_000;
const NOW = 1_000_000;
const RULES = { onUnavailable: "temporary", drainSeconds: 300 } as const;
const LIFETIME = { ttlSeconds: 82_800, idleSeconds: 1_800, sliding: true };

/** Origins of one pool; `dead` has an open breaker. */
function fleet(count: number, dead: string | null = null): ServiceState {
  const origins = Array.from({ length: count }, (_, index) => {
    const id = `o${index}`;
    return origin(id, id === dead ? { breaker: "open" } : {});
  });
  return service([pool("p", origins)]);
}

/** Where hashing alone would put a session. */
function hashedTo(state: ServiceState, key: string): string {
  refreshAvailability(state, NOW);
  const { origins, eligible } = state.pools[0]!;
  const picker = rendezvous.prepare(origins, options("rendezvous"), seeded(1));
  return origins[picker.pick(eligible, requestFrom("enam", { key }))]!.id;
}

/** Where a session's home lets a request go; null: elsewhere. */
function goesTo(state: ServiceState, key: string, home: string): string | null {
  const at = homeOf(makeAtlas(state), [originPlace(home)]);
  const id = hashText(key).toString(16).padStart(16, "0");
  const claim = claimOf(state, requestFrom("enam", { key }), at, RULES, id, NOW);
  return claim.kind === "stay" ? claim.candidate.origin.id : null;
}

export function measureFleetChanges(report: Reporter): void {
  const [four, five, threeLeft] = [fleet(4), fleet(5), fleet(4, "o2")];
  const homes = new Map<string, { home: string; binding: Binding }>();
  for (let index = 0; index < SESSIONS; index++) {
    const key = `user-${index}`;
    const home = hashedTo(four, key);
    const ask = { service: "s", lifetime: LIFETIME, epoch: 0, id: key, instead: null };
    const { binding } = bind(null, { ...ask, proposals: [{ pool: "p", origin: home }] }, NOW);
    homes.set(key, { home, binding });
  }
  let movedByAddition = 0;
  let movedByHashing = 0;
  let reboundByAddition = 0;
  let ownMoved = 0;
  let othersMoved = 0;
  for (const [key, { home, binding }] of homes) {
    if (goesTo(five, key, home) !== home) movedByAddition++;
    const now = hashedTo(five, key);
    if (now !== home) movedByHashing++;
    const ask = { service: "s", lifetime: LIFETIME, epoch: 0, id: "new", instead: null };
    if (bind(binding, { ...ask, proposals: [{ pool: "p", origin: now }] }, NOW).binding.origins["s"] !== home)
      reboundByAddition++;
    const after = goesTo(threeLeft, key, home);
    if (home === "o2") ownMoved += after === home ? 0 : 1;
    else if (after !== home) othersMoved++;
  }
  const own = [...homes.values()].filter(({ home }) => home === "o2").length;
  report.note(
    `${SESSIONS} sessions on 4 origins; hashing alone would have moved ${movedByHashing} when a fifth was added. Of the one that died ${own} sessions were served elsewhere (${ownMoved}), of the others ${othersMoved}.`,
  );
  report.figure({
    figure: "sessions that change origin when an origin is added to 4 (10,000 live sessions)",
    value: movedByAddition + reboundByAddition,
    unit: "sessions",
    target: { equals: 0 },
  });
  report.figure({
    figure: "sessions of the other three that change origin when one of 4 dies",
    value: othersMoved,
    unit: "sessions",
    target: { equals: 0 },
  });
}
