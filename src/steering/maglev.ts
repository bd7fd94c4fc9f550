/**
 * `maglev`: each key keeps its member through a lookup table in which every member has its exact share of the slots.
 *
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4: each
 * member has its own permutation of the table's 65,537 (prime) slots, and members take turns claiming their next free
 * one; with weights, a member takes a turn as often as its weight is to the largest (as Envoy does it).
 *
 * The table is built for all members and does not change when some are not eligible: a key whose slot belongs to such a
 * member goes on to another slot, drawn by the key, so only those keys move and they come back. It is rebuilt when
 * weights change: some milliseconds, and 128 KiB a list of members.
 */
import type { SteeringConfig } from "../config/steering.ts";
import { hashIds, highestHash, mix } from "./hash.ts";
import type { Member, Picker, Policy, SteerRequest } from "./policy.ts";
import { weightsChanged } from "./weight-watch.ts";

const SLOTS = 65_537;

/** Slots a key looks at before it stops hoping: by then fewer than one member in twenty or so is eligible. */
const MAX_PROBES = 64;

export const maglev: Policy = { name: "maglev", levels: ["pools", "origins"], prepare };

function prepare(members: readonly Member[], { hash }: Pick<SteeringConfig, "hash">): Picker {
  const ids = hashIds(members);
  const seenWeights = new Float64Array(members.length).fill(Number.NaN);
  let owners = new Uint16Array();

  const ownerOf = (keyHash: number, probe: number): number =>
    owners[(probe === 0 ? keyHash : mix(keyHash + probe)) % SLOTS]!;

  function refresh(): void {
    if (weightsChanged(members, seenWeights)) owners = buildTable(ids, seenWeights);
  }

  function probeOf(member: number, request: SteerRequest): number {
    refresh();
    const keyHash = request.hashOf(hash.key);
    for (let probe = 0; probe < MAX_PROBES; probe++) if (ownerOf(keyHash, probe) === member) return probe;
    return MAX_PROBES;
  }

  return {
    pick(eligible, request) {
      refresh();
      const keyHash = request.hashOf(hash.key);
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const owner = ownerOf(keyHash, probe);
        if (eligible[owner] === 1) return owner;
      }
      return highestHash(ids, eligible, keyHash);
    },
    score: probeOf,
    reason: (index, request) => {
      const probe = probeOf(index, request);
      if (probe === 0) return "owns the key's slot";
      return probe === MAX_PROBES ? "owns none of the key's slots" : `owns the key's slot number ${probe + 1}`;
    },
  };
}

/** Fills the table as the paper does; members without weight get no slot unless nobody weighs anything. */
function buildTable(ids: Uint32Array, weights: Float64Array): Uint16Array<ArrayBuffer> {
  const largest = weights.reduce((max, weight) => Math.max(max, weight), 0);
  const offsets = ids.map((id) => mix(id ^ 0x6f666673) % SLOTS);
  const skips = ids.map((id) => (mix(id ^ 0x736b6970) % (SLOTS - 1)) + 1);
  const next = Uint32Array.from(offsets);
  const owed = new Float64Array(ids.length);
  const owners = new Uint16Array(SLOTS);
  const taken = new Uint8Array(SLOTS);
  for (let filled = 0; filled < SLOTS;) {
    for (let member = 0; member < ids.length && filled < SLOTS; member++) {
      owed[member]! += largest > 0 ? weights[member]! / largest : 1;
      if (owed[member]! < 1) continue;
      owed[member]! -= 1;
      let slot = next[member]!;
      while (taken[slot] === 1) slot = (slot + skips[member]!) % SLOTS;
      taken[slot] = 1;
      owners[slot] = member;
      next[member] = (slot + skips[member]!) % SLOTS;
      filled++;
    }
  }
  return owners;
}
