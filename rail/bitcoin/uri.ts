/*
 * Where and how much to pay as a link that wallets open, or scan as a QR code: bitcoin:ADDRESS?amount=BTC (BIP 21). Called by cli.
 */
import { btcOf } from './amount.ts';

/** `amount` null: the payer chooses. */
export function bitcoinUri(address: string, amount: bigint | null): string {
  return amount === null || amount === 0n ? `bitcoin:${address}` : `bitcoin:${address}?amount=${btcOf(amount)}`;
}
