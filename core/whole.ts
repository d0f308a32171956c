/*
 * The greater and the smaller of two whole numbers: bytes and amounts are `bigint`, which Math.max does not take. Pure.
 */
export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
