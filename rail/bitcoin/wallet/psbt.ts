/*
 * PSBTs (BIP 174, 371): a plan in, one to sign out; a signed one in, the raw transaction out. Outputs first, then bare inputs, then what
 * belongs to each: bitcoinjs-lib looks through all that is there at each addition. Called by pay.ts, replace.ts and external.ts.
 */
import { crypto, Psbt, toXOnly, Transaction } from 'bitcoinjs-lib';
import { invariant } from '../../../core/refusal.ts';
import '../curve.ts';
import type { Chain } from '../network.ts';
import { hash256, shownHash } from '../proof/transaction.ts';
import type { Coin } from './coin.ts';
import { stepsOf, type Signer } from './keys.ts';
import type { Plan } from './plan.ts';

const RBF_SEQUENCE = 0xffff_fffd;

export function psbtOf({ inputs, outputs }: Plan, chain: Chain): Psbt {
  const psbt = new Psbt({ network: chain.prefixes });
  psbt.setVersion(2);
  psbt.addOutputs(outputs.map(({ script, amount }) => ({ script, value: amount })));
  psbt.addInputs(inputs.map(({ txid, vout }) => ({ hash: txid, index: vout, sequence: RBF_SEQUENCE })));
  for (const [place, coin] of inputs.entries()) psbt.updateInput(place, updateOf(coin));
  return psbt;
}

function updateOf(coin: Coin) {
  const { amount, script, publicKey, kind } = coin;
  const witnessUtxo = { script, value: amount };
  const from = { masterFingerprint: Buffer.from(coin.fingerprint, 'hex'), path: pathText(coin.path) };
  if (kind === 'wpkh') return { witnessUtxo, bip32Derivation: [{ ...from, pubkey: publicKey }] };
  return { witnessUtxo, tapInternalKey: publicKey, tapBip32Derivation: [{ ...from, pubkey: publicKey, leafHashes: [] }] };
}

function pathText(path: readonly number[]): string {
  return ['m', ...path.map((step) => (step >= 0x8000_0000 ? `${step - 0x8000_0000}'` : `${step}`))].join('/');
}

/** What it spends, with all that it takes to spend it again. */
export function coinsIn(text: string): Coin[] {
  // Of what was found on the chain there is none.
  if (text === '') return [];
  const psbt = Psbt.fromBase64(text);
  return psbt.data.inputs.map(({ witnessUtxo, bip32Derivation, tapBip32Derivation, tapInternalKey }, place) => {
    const spent = psbt.txInputs[place];
    const from = (bip32Derivation ?? tapBip32Derivation)?.[0];
    invariant(spent !== undefined && witnessUtxo !== undefined && from !== undefined, 'a PSBT of this wallet is complete');
    return {
      ...{
        txid: shownHash(spent.hash),
        vout: spent.index,
        amount: witnessUtxo.value,
        confirmations: 0,
        script: witnessUtxo.script,
      },
      ...{ kind: tapInternalKey === undefined ? 'wpkh' : 'tr', publicKey: tapInternalKey ?? from.pubkey },
      ...{ fingerprint: Buffer.from(from.masterFingerprint).toString('hex'), path: stepsOf(from.path.replace(/^m/, '')) },
    };
  });
}

/** Signs and completes it. Throws where a key is not that of its coin: the seed is of another wallet. */
export function signAll(psbt: Psbt, inputs: readonly Coin[], signer: Signer): void {
  for (const [place, { path, kind, publicKey }] of inputs.entries()) {
    const key = signer.keyAt(path);
    psbt.signInput(place, kind === 'tr' ? key.tweak(Buffer.from(crypto.taggedHash('TapTweak', toXOnly(publicKey)))) : key);
  }
  psbt.finalizeAllInputs();
}

/** The raw transaction of a signed PSBT, or of what Electrum gives back: itself. Null where it is neither, or lacks signatures. */
export function rawOf(text: string, chain: Chain): { readonly txid: string; readonly raw: string } | null {
  const given = text.trim();
  try {
    if (/^[0-9a-f]+$/.test(given)) return { txid: Transaction.fromHex(given).getId(), raw: given };
    const psbt = Psbt.fromBase64(given, { network: chain.prefixes });
    for (const [place, input] of psbt.data.inputs.entries())
      if (input.finalScriptWitness === undefined) psbt.finalizeInput(place);
    const transaction = psbt.extractTransaction();
    return { txid: transaction.getId(), raw: transaction.toHex() };
  } catch {
    return null;
  }
}

/** The id that it has, signed or not: of witness inputs alone, signatures are not part of it. */
export function txidOf(psbt: Psbt): string {
  return shownHash(hash256(psbt.data.getTransaction()));
}
