/*
 * What goes wrong with a node and with what an operator configures. Codes of paying and proving stand beside those. Called by
 * everything in this folder.
 */
import { refuser } from '../../core/refusal.ts';

export const bitcoinRefusals = {
  'bitcoin-down': {
    retry: true,
    text: 'bitcoind does not answer, or is still starting',
    remedy: 'check that it runs and that [bitcoin] url is its RPC address; payments wait until it is back',
  },
  'bitcoin-credentials': {
    retry: true,
    text: 'bitcoind does not take the cookie or password',
    remedy:
      'set cookie of [bitcoin] to its .cookie file, or one that holds user:password, readable by the user that runs the node',
  },
  'bitcoin-nonsense': {
    retry: true,
    text: 'the answer of bitcoind is not what was asked for',
    remedy: 'check that url is a bitcoind of this release or later, and its log',
  },
  'bitcoin-rpc': { retry: true, text: 'bitcoind refuses the call', remedy: 'its own code and words stand beside; check its log' },
  'bitcoin-chain': {
    retry: false,
    text: 'bitcoind follows another chain than network.json names',
    remedy: 'connect a node of that chain',
  },
  'bitcoin-behind': {
    retry: true,
    text: 'bitcoind knows less of the chain than it did before',
    remedy: 'wait until it has caught up; nothing is undone until then',
  },
  'bitcoin-moved': {
    retry: true,
    text: 'the chain changed while it was read',
    remedy: 'nothing: it is read again',
  },
  'bitcoin-pruned': {
    retry: true,
    text: 'bitcoind no longer has a block that is still to be read',
    remedy: 'let it download the chain again, or connect a node that is not pruned so far',
  },
  'bitcoin-descriptor': {
    retry: false,
    text: 'this is no public key or descriptor of BIP 84 or BIP 86',
    remedy: 'give xpub, tpub, zpub or vpub of an account, or wpkh(…/0/*) or tr(…/0/*) with its checksum',
  },
  'bitcoin-restored': {
    retry: true,
    text: 'these books come from a backup, and the chain was not read since',
    remedy: 'try again when bitcoind answers and its blocks were read: until then an address could be given out twice',
  },
  'bitcoin-gap': {
    retry: true,
    text: 'too many addresses in a row are given out and not paid to',
    remedy: 'try again when some of them are used; the operator may raise gapLimit',
  },
} as const;
export const refuseBitcoin = refuser(bitcoinRefusals);
