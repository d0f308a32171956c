/*
 * What goes wrong with paying and proving. Those that a batch is refused with before it has a transaction are named in rail.ts
 * (paidNothing). Called by the wallet and the reader.
 */
import { refuser } from '../../../core/refusal.ts';

export const bitcoinPaymentRefusals = {
  'bitcoin-destination': {
    retry: false,
    text: 'a destination is no address of this chain',
    remedy: 'give one of the chain that network.json names',
  },
  'bitcoin-dust': {
    retry: false,
    text: 'an output is so small that no node passes it on',
    remedy: 'set dust of the rail’s parameters to 546 or more',
  },
  'bitcoin-fee': {
    retry: true,
    text: 'the network asks for a higher feerate than is allowed here; nothing is paid meanwhile',
    remedy: 'wait, or raise feerateMax of [bitcoin]',
  },
  'bitcoin-funds': {
    retry: true,
    text: 'the confirmed outputs of the wallet that no other batch spends do not cover the amounts and the fee',
    remedy: 'wait for confirmations, or send money to the wallet',
  },
  'bitcoin-coins': {
    retry: true,
    text: 'so many small outputs of the wallet are needed that the payment could not be proven',
    remedy: 'send the wallet’s money to itself, so that it holds fewer and larger ones',
  },
  'bitcoin-rejected': {
    retry: true,
    text: 'bitcoind does not take the transaction, and it was not sent',
    remedy: 'its reason stands beside; check that wallet and node agree',
  },
  'bitcoin-conflict': {
    retry: true,
    text: 'another transaction of the same keys has spent what the batch was to spend, or paid some of it; the batch is made anew',
    remedy: 'let no other program spend from this seed',
  },
  'bitcoin-rescan': {
    retry: true,
    text: 'bitcoind is still looking through the chain for the wallet’s outputs',
    remedy: 'wait; its log shows how far it is',
  },
  'bitcoin-psbt': {
    retry: false,
    text: 'this is neither a PSBT nor a transaction, or larger than any that was handed out',
    remedy: 'give back the file that the signer wrote, whole',
  },
  'bitcoin-void': {
    retry: false,
    text: 'this transaction was given up: what it was to pay goes out in another one',
    remedy: 'do not broadcast it; sign the newer one, by ptg payouts unsigned',
  },
  'bitcoin-other': {
    retry: false,
    text: 'this is none of the transactions that wait for a signature, or an input, an amount, a destination or the fee was changed',
    remedy: 'sign what ptg payouts unsigned hands out, unchanged',
  },
  'bitcoin-unsigned': {
    retry: false,
    text: 'a signature is missing',
    remedy: 'sign it with the keys of every input, then give it back',
  },
  'bitcoin-signed': {
    retry: false,
    text: 'the batch is signed or sent already, and may be in a block at any time',
    remedy: 'wait for its confirmations; a stuck one is replaced by one that pays more',
  },
  'bitcoin-unknown': { retry: true, text: 'bitcoind knows no such transaction', remedy: 'wait for it, or check its name' },
  'bitcoin-unconfirmed': {
    retry: true,
    text: 'the payment has fewer confirmations than the network asks for',
    remedy: 'wait for more blocks',
  },
  'bitcoin-index': {
    retry: true,
    text: 'bitcoind has not the index that this needs',
    remedy: 'start it with -txindex=1 -blockfilterindex=1, and let it build them',
  },
} as const;
export const refusePayment = refuser(bitcoinPaymentRefusals);
