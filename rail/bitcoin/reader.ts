/*
 * What anybody does on the Bitcoin rail without a wallet: an address's history, proving a payment, and checking a proof offline. Called
 * by settlement, guard, client, directory and `ptg verify`.
 */
import { ok } from '../../core/refusal.ts';
import type { BitcoinNetwork } from '../../core/wire/bitcoin.ts';
import type { RailReader } from '../rail.ts';
import { scriptOf } from './address.ts';
import { openHistory } from './history.ts';
import { chains } from './network.ts';
import { BITCOIN } from './payment.ts';
import { makeProof } from './proof/make.ts';
import { verifyBitcoinProof } from './proof/verify.ts';
import { refuseBitcoin } from './refusals.ts';
import type { Rpc } from './rpc.ts';
import { dustOf } from './wallet/coin.ts';
import { refusePayment } from './wallet/refusals.ts';

/** `rpc`: null of who only verifies. */
export interface BitcoinReaderOptions {
  readonly rules: BitcoinNetwork;
  readonly rpc: Rpc | null;
}

export function bitcoinReader({ rules, rpc }: BitcoinReaderOptions): RailReader {
  const chain = chains[rules.chain];
  const look = rpc === null ? null : openHistory(rpc, rules.chain);
  const away = () => refuseBitcoin('bitcoin-down', 'this program has no bitcoind');
  return {
    rail: BITCOIN,
    isDestination(text, amount) {
      const script = scriptOf(text, chain);
      return script !== null && (amount === undefined || amount >= dustOf(script));
    },
    // One place for all who owe: no key of it is published from which others could be made.
    fallbackFor: (fallback) => fallback,
    async history(destination) {
      if (scriptOf(destination, chain) === null) return refusePayment('bitcoin-destination', destination.slice(0, 100));
      return look === null ? away() : look(destination);
    },
    async prove(payment) {
      if (rpc === null) return away();
      const made = await makeProof(rpc, rules, payment);
      if (!made.ok) return made;
      // What does not hold is not handed on as a proof: the chain may have changed while it was put together.
      return verifyBitcoinProof(rules, made.value)?.payment === payment
        ? ok(made.value)
        : refusePayment('bitcoin-unconfirmed', payment);
    },
    verify: (proof) => verifyBitcoinProof(rules, proof),
  };
}
