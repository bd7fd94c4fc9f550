/** The hashing that the policies on keys share: 32-bit, the same in every isolate and every release. */

/** Finalises a 32-bit hash so that every input bit moves every output bit (MurmurHash3's `fmix32`, Appleby). */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hashes text to 32 bits: FNV-1a over its UTF-16 code units (Fowler, Noll, Vo), finalised. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) h = Math.imul(h ^ text.charCodeAt(index), 0x01000193);
  return mix(h);
}

/** The hash of every id, in order. */
export function hashIds(members: readonly { readonly id: string }[]): Uint32Array {
  return Uint32Array.from(members, (member) => hashText(member.id));
}

/** A 32-bit hash as a number in (0, 1), never either end. */
export function unit(hash: number): number {
  return (hash + 0.5) / 4294967296;
}

/**
 * The eligible member whose hash with the key is highest (rendezvous without weights): what the ring and the table fall
 * back on where they hold no eligible member.
 *
 * @returns the member's index, or -1 when none is eligible
 */
export function highestHash(hashes: Uint32Array, eligible: Uint8Array, keyHash: number): number {
  let best = -1;
  let bestHash = -1;
  for (let index = 0; index < hashes.length; index++) {
    if (eligible[index] !== 1) continue;
    const hash = mix(hashes[index]! ^ keyHash);
    if (hash > bestHash) {
      best = index;
      bestHash = hash;
    }
  }
  return best;
}
