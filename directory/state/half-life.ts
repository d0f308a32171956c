/*
 * Weights that halve with age, without a floating point number: every authority must reckon the same from the same log.
 * An age in seconds in; 2^(-age/halfLife) in units of 2^-64 out, rounded down. Called by state/uptime.ts.
 */
const BITS = 64n;

/** Weight 1. */
export const FULL = 1n << BITS;

/** A half-life is divided into 2^32 parts. */
const PART_BITS = 32;

/** roots[i] = 2^(-1/2^(i+1)): each the square root of the one before it. */
const roots: readonly bigint[] = (() => {
  const found: bigint[] = [];
  let value = FULL >> 1n;
  for (let index = 0; index < PART_BITS; index += 1) {
    value = squareRoot(value << BITS);
    found.push(value);
  }
  return found;
})();

export function weightAt(ageSec: number, halfLifeSec: number): bigint {
  if (ageSec <= 0) return FULL;
  if (halfLifeSec === 0) return 0n;
  const [age, halfLife] = [BigInt(ageSec), BigInt(halfLifeSec)];
  const part = ((age % halfLife) << BigInt(PART_BITS)) / halfLife;
  let weight = FULL;
  for (const [index, root] of roots.entries()) {
    if (((part >> BigInt(PART_BITS - 1 - index)) & 1n) === 1n) weight = (weight * root) >> BITS;
  }
  return weight >> (age / halfLife);
}

/** `sum` after it has aged by that weight, rounded down. */
export function aged(sum: bigint, weight: bigint): bigint {
  return (sum * weight) >> BITS;
}

/** Newton's method; rounded down. */
function squareRoot(square: bigint): bigint {
  let guess = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (guess + square / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}
