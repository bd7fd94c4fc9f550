/**
 * A picker's own randomness: seeded once, and thrown without allocating.
 *
 * A throw is an integer of 30 bits because V8 keeps small integers in the pointer itself, while a fraction such as
 * `Math.random()` returns is a new heap object each time it crosses a call that is not inlined.
 */

/** A throw is uniform in [0, DICE_SIDES). */
export type Dice = () => number;

export const DICE_SIDES = 2 ** 30;

/**
 * Dice for one picker (mulberry32, Ettinger).
 *
 * @param random uniform in [0, 1); used once, for the seed
 */
export function makeDice(random: () => number): Dice {
  // In a typed array, because a plain variable that outgrows a small integer is a heap object too.
  const state = Int32Array.of(Math.floor(random() * 4294967296));
  return () => {
    const seed = (state[0]! + 0x6d2b79f5) | 0;
    state[0] = seed;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 2;
  };
}

/** An integer in [0, count), each as likely as the other. */
export function throwBelow(dice: Dice, count: number): number {
  return Math.floor((dice() / DICE_SIDES) * count);
}
