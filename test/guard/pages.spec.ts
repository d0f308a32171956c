/*
 * The guard's page for a wallet on a telephone: what it draws is what its address says, and nothing else gets onto it.
 */
import { expect } from 'chai';
import { encode } from 'uqr';
import { payPage } from '../../guard/pages/pay.ts';
import type { RailReader } from '../../rail/rail.ts';

const address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const readers = { bitcoin: { isDestination: (text: string) => text === address } as unknown as RailReader };

describe('the guard’s page to pay', () => {
  it('shows link and QR code of the destination and amount in its address', () => {
    const page = payPage(readers, { rail: 'bitcoin', destination: address, amount: 150_000n });
    const html = page.ok ? page.value : '';
    const uri = `bitcoin:${address}?amount=0.00150000`;
    expect(html).include(`href="${uri}"`);
    const { data, size } = encode(uri, { border: 4 });
    const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
    expect(html).include(`viewBox="0 0 ${size} ${size}"`).include(`d="${dark}"`);
    expect(html).not.match(/<script|https?:/);
  });

  it('refuses what is no destination of a rail that wallets scan', () => {
    for (const [rail, destination] of [
      ['bitcoin', 'bc1qelsewhere'],
      ['bitcoin', '"><script>alert(1)</script>'],
      ['ledger', address],
    ] as const) {
      const page = payPage(readers, { rail, destination });
      expect(page.ok ? page.value : page.refusal.code, destination).equal('withdraw-destination');
    }
  });
});
