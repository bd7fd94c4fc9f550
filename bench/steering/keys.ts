/** How many keys move when an origin leaves, and how evenly keys are spread, beside what npm offers for a ring. */
import HashRing from "hashring";
import type { PolicyName } from "../../src/config/steering.ts";
import { hashText } from "../../src/steering/hash.ts";
import { POLICIES, type Member } from "../../src/steering/policy.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { equalMembers, median, optionsFor, requests } from "./scene.ts";
import { seeded } from "../../test/support/seeded.ts";

/** Most keys that may move when 1 of n leaves, as a multiple of 1/n. */
const MOVED: [PolicyName, number][] = [
  ["rendezvous", 1.1],
  ["consistent-hash", 1.35],
  ["maglev", 1.5],
];

/** Looks a key up; all keys are looked up by their index. */
type Lookup = (key: number) => string;

export function keyMovement(report: Reporter, { quick }: TopicOptions): void {
  const keyCount = quick ? 20_000 : 100_000;
  const keys = Array.from({ length: keyCount }, (_, index) => `user-${index}@example.com`);
  const hashes = Uint32Array.from(keys, hashText);
  const sizes = Array.from({ length: 47 }, (_, index) => index + 4).filter((size) => !quick || size % 10 === 4);
  const random = seeded(1);
  const leavers = new Map(sizes.map((size) => [size, Math.floor(random() * size)]));

  const rows: Record<string, string | number>[] = [];
  for (const [name, most] of MOVED) {
    let ejected = 0;
    let removed = 0;
    let strays = 0;
    let spread = 0;
    for (const size of sizes) {
      const members = equalMembers(size);
      const leaver = leavers.get(size)!;
      const flags = new Uint8Array(size).fill(1);
      const look = lookup(name, members, flags, hashes);
      const before = keys.map((_, key) => look(key));
      flags[leaver] = 0;
      ejected = Math.max(ejected, movedShare(before, look) * size);
      flags[leaver] = 1;
      strays += movedShare(before, look) * keyCount;
      const left = members.filter((_, index) => index !== leaver);
      removed = Math.max(
        removed,
        movedShare(before, lookup(name, left, new Uint8Array(size - 1).fill(1), hashes)) * size,
      );
      spread = Math.max(spread, maxOverMean(before, size));
    }
    report.figure({
      figure: `${name}: keys moved when 1 of n origins is ejected, worst n in 4..50`,
      value: ejected,
      unit: "/n",
      target: { atMost: most },
    });
    report.figure({
      figure: `${name}: keys moved when 1 of n origins is removed from the configuration, worst n`,
      value: removed,
      unit: "/n",
      target: { atMost: most },
    });
    report.figure({
      figure: `${name}: keys elsewhere after an origin's return`,
      value: Math.round(strays),
      unit: "keys",
      target: { equals: 0 },
    });
    rows.push({ "keys on n = 4..50 origins": name, "moved, /n": removed, "max over mean": spread });
  }
  rows.push(
    npmRing(
      sizes.filter((size) => size % 10 === 4),
      keys,
      leavers,
    ),
  );
  report.table(rows);
}

function lookup(name: PolicyName, members: Member[], flags: Uint8Array, hashes: Uint32Array): Lookup {
  const picker = POLICIES[name].prepare(members, optionsFor(name, members), Math.random);
  const request = { ...requests(1)[0]!, hash: 0, hashOf: (): number => request.hash };
  return (key) => {
    request.hash = hashes[key]!;
    return members[picker.pick(flags, request)]!.id;
  };
}

/** The same with npm's `hashring` (ketama, 160 points a server), which knows no ejection: a server is removed. Slow, and no promise of ours: fewer sizes. */
function npmRing(sizes: number[], keys: string[], leavers: Map<number, number>): Record<string, string | number> {
  let moved = 0;
  let spread = 0;
  for (const size of sizes) {
    const ids = equalMembers(size).map((member) => member.id);
    const ring = new HashRing(ids, "md5", { "max cache size": 1 });
    const before = keys.map((key) => ring.get(key));
    spread = Math.max(spread, maxOverMean(before, size));
    ring.remove(ids[leavers.get(size)!]!);
    moved = Math.max(moved, movedShare(before, (key) => ring.get(keys[key]!)) * size);
  }
  return {
    "keys on n = 4..50 origins": `npm hashring 3.2.0 (n = ${sizes.join(", ")})`,
    "moved, /n": moved,
    "max over mean": spread,
  };
}

function movedShare(before: readonly string[], look: Lookup): number {
  let moved = 0;
  before.forEach((owner, key) => {
    if (look(key) !== owner) moved++;
  });
  return moved / before.length;
}

function maxOverMean(owners: readonly string[], size: number): number {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return (Math.max(...counts.values()) * size) / owners.length;
}

/** Every key in flight at once: the worst a bound can be put to. */
export function boundedLoad(report: Reporter, { quick }: TopicOptions): void {
  let spread = 0;
  for (const size of quick ? [4, 20] : [4, 10, 20, 35, 50]) {
    const members = equalMembers(size);
    const picker = POLICIES["consistent-hash"].prepare(members, optionsFor("consistent-hash", members), Math.random);
    const eligible = new Uint8Array(size).fill(1);
    for (const request of requests(100_000)) members[picker.pick(eligible, request)]!.inFlight++;
    spread = Math.max(spread, (Math.max(...members.map((member) => member.inFlight)) * size) / 100_000);
  }
  report.figure({
    figure: "consistent-hash: load of 100,000 keys in flight, max over mean, worst n",
    value: spread,
    unit: "x",
    target: { atMost: 1.25 },
  });
}

/** One lookup by text key on a ring of 20, interleaved with npm's. */
export function ringBesideNpm(report: Reporter, { quick }: TopicOptions): void {
  const members = equalMembers(20);
  const picker = POLICIES["consistent-hash"].prepare(members, optionsFor("consistent-hash", members), Math.random);
  const ring = new HashRing(
    members.map((member) => member.id),
    "md5",
    { "max cache size": 1 },
  );
  const eligible = new Uint8Array(20).fill(1);
  const asked = requests(1000);
  const keys = asked.map((_, index) => `user-${index}@example.com`);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < (quick ? 9 : 31); round++) {
    ours.push(timed(() => asked.forEach((request) => picker.pick(eligible, request))));
    theirs.push(timed(() => keys.forEach((key) => ring.get(key))));
  }
  report.table([
    { "lookup, ring of 20 servers": "consistent-hash (key hashed, bounded load)", "us, median": median(ours) },
    { "lookup, ring of 20 servers": "npm hashring 3.2.0 (its cache off)", "us, median": median(theirs) },
  ]);
}

function timed(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}
