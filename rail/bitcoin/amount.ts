/*
 * Amounts: bitcoind's BTC with eight decimals as text, and units (satoshi) as bigint, each from the other, exactly. Called by
 * whoever reads or writes an amount of an RPC or of a BIP 21 URI.
 */
import { UNITS_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';

const DECIMALS = 8;

/** Null where the text is no amount, has more decimals than a satoshi, or is beyond 63 bits. */
export function amountOf(btc: string): bigint | null {
  const match = /^(-?)(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,8}))?$/.exec(btc);
  if (match === null) return null;
  const [, sign, whole = '0', fraction = ''] = match;
  const units = BigInt(whole + fraction.padEnd(DECIMALS, '0'));
  if (units > UNITS_MAX) return null;
  return sign === '-' ? -units : units;
}

/** With all eight decimals, as bitcoind writes it; RPCs take it as a string. */
export function btcOf(units: bigint): string {
  invariant(units <= UNITS_MAX && units >= -UNITS_MAX, 'an amount fits into 64 bits');
  const digits = (units < 0n ? -units : units).toString().padStart(DECIMALS + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}
