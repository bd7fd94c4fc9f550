/** What one decision costs, policy by policy, in time and in memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { PolicyName } from "../../src/config/steering.ts";
import { POLICIES, type Member } from "../../src/steering/policy.ts";
import type { Reporter, TopicOptions } from "../figure.ts";
import { busyMembers, equalMembers, median, optionsFor, requests } from "./scene.ts";

const SIZES = [4, 20, 100, 1000];

/** Most a decision may take, us. Between the sizes that are promised, the larger one's bound holds. */
const atMostUs = (size: number, policy: PolicyName) => (size <= 20 ? 1 : policy === "rendezvous" ? 25 : 10);

const ALLOCATION_FREE: PolicyName[] = ["round-robin", "random", "least-outstanding"];

export function decisionCost(report: Reporter, { quick }: TopicOptions): void {
  const rounds = quick ? 31 : 301;
  const rows: Record<string, string | number>[] = [];
  for (const policy of Object.values(POLICIES)) {
    const row: Record<string, string | number> = { policy: `${policy.name}, us a decision` };
    for (const size of SIZES) {
      row[`${size} origins`] = Number(decisionUs(policy.name, busyMembers(size), rounds).toFixed(3));
    }
    rows.push(row);
  }
  report.table(rows);
  const names = Object.keys(POLICIES) as PolicyName[];
  for (const size of SIZES) {
    const costs = names.map((name, index) => ({ name, us: Number(rows[index]![`${size} origins`]) }));
    const ordinary = costs.filter(({ name }) => atMostUs(size, name) <= 10).toSorted((a, b) => b.us - a.us)[0]!;
    report.figure({
      figure: `decision over ${size} origins, the slowest policy (${ordinary.name}), median`,
      value: ordinary.us,
      unit: "us",
      target: { atMost: atMostUs(size, ordinary.name) },
    });
  }
  report.figure({
    figure: "decision over 1000 origins, weighted rendezvous, median",
    value: Number(rows[names.indexOf("rendezvous")]!["1000 origins"]),
    unit: "us",
    target: { atMost: 25 },
  });
}

/** Median time of one pick in us; picks are timed fifty at a time, because the clock is not that fine. */
function decisionUs(name: PolicyName, members: Member[], rounds: number): number {
  const picker = POLICIES[name].prepare(members, optionsFor(name, members), Math.random);
  const eligible = new Uint8Array(members.length).fill(1);
  const asked = requests(512);
  let turn = 0;
  const batch = (picks: number) => {
    for (let pick = 0; pick < picks; pick++) {
      if (picker.pick(eligible, asked[turn++ & 511]!) === -1) throw new Error(`${name} picked nothing`);
    }
  };
  batch(20_000);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    batch(50);
    times.push(((performance.now() - startedMs) * 1000) / 50);
  }
  return median(times);
}

export function allocation(report: Reporter): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (const name of ALLOCATION_FREE) {
    report.figure({
      figure: `allocated by one pick of ${name} over 20 origins`,
      value: bytesPerPick(name, collect),
      unit: "B",
      target: { atMost: 0.5 },
    });
  }
}

/** Heap growth over many picks; the least of several rounds, because the measuring itself allocates now and then. */
function bytesPerPick(name: PolicyName, collect: () => void): number {
  const members = equalMembers(20);
  const picker = POLICIES[name].prepare(members, optionsFor(name, members), Math.random);
  const eligible = new Uint8Array(20).fill(1);
  const request = requests(1)[0]!;
  const PICKS = 20_000;
  const round = () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let pick = 0; pick < PICKS; pick++) picker.pick(eligible, request);
    return (process.memoryUsage().heapUsed - before) / PICKS;
  };
  for (let warm = 0; warm < 5; warm++) round();
  return Math.max(0, Math.min(...Array.from({ length: 7 }, round)));
}
