/*
 * Where to pay, to be scanned from the terminal: a rail, a destination and perhaps an amount in; the link and its QR code out, where
 * the rail has a form for it. Called by the commands that show a destination.
 */
import { renderUnicodeCompact } from 'uqr';
import { BITCOIN } from '../rail/bitcoin/payment.ts';
import { bitcoinUri } from '../rail/bitcoin/uri.ts';

/** '' on a rail whose destinations no wallet scans. */
export function scanText(rail: string, destination: string, amount: bigint | null): string {
  if (rail !== BITCOIN) return '';
  const uri = bitcoinUri(destination, amount);
  // Four modules of quiet zone, as readers want it.
  return `${uri}\n${renderUnicodeCompact(uri, { border: 4 })}\n`;
}
