/*
 * PSBTs (BIP 174, 371): a plan in, one to sign out; what a signer gives back in, the raw transaction out. Outputs first, then bare inputs, then what
 * belongs to each: bitcoinjs-lib looks through all that is there at each addition. Called by pay.ts, replace.ts and external.ts.
 */
import { crypto, Psbt, toXOnly, Transaction } from 'bitcoinjs-lib';
import { invariant } from '../../../core/refusal.ts';
import '../curve.ts';
import type { Chain } from '../network.ts';
import { hash256, shownHash } from '../proof/transaction.ts';
import { RBF_SEQUENCE, type Coin, type OwnOutput } from './coin.ts';
import { pathText, stepsOf, type Signer } from './keys.ts';
import type { Plan, PlannedOutput } from './plan.ts';

/** `change`: said with its key, by which a signer sees that it stays its own. */
export function psbtOf({ inputs, outputs }: Plan, chain: Chain, change?: OwnOutput): Psbt {
  const psbt = new Psbt({ network: chain.prefixes });
  psbt.setVersion(2);
  psbt.addOutputs(outputs.map(({ script, amount }) => ({ script, value: amount })));
  psbt.addInputs(inputs.map(({ txid, vout }) => ({ hash: txid, index: vout, sequence: RBF_SEQUENCE })));
  for (const [place, coin] of inputs.entries()) psbt.updateInput(place, updateOf(coin));
  if (change !== undefined) {
    const place = outputs.findIndex(({ script }) => Buffer.compare(script, change.script) === 0);
    if (place >= 0) psbt.updateOutput(place, keyOf(change));
  }
  return psbt;
}

function updateOf(coin: Coin) {
  return { witnessUtxo: { script: coin.script, value: coin.amount }, ...keyOf(coin) };
}

function keyOf({ kind, publicKey, fingerprint, path }: OwnOutput) {
  const from = { masterFingerprint: Buffer.from(fingerprint, 'hex'), path: pathText(path), pubkey: publicKey };
  if (kind === 'wpkh') return { bip32Derivation: [from] };
  return { tapInternalKey: publicKey, tapBip32Derivation: [{ ...from, leafHashes: [] }] };
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

/**
 * What a signer gives back: a PSBT in base64 or hex, or the whole transaction in hex. Null where it is neither; `raw` is null where a
 * signature is missing.
 */
export function signedIn(given: string, chain: Chain): { readonly txid: string; readonly raw: string | null } | null {
  const text = given.trim();
  const isHex = /^(?:[0-9a-fA-F]{2})+$/.test(text);
  try {
    if (isHex && !text.toLowerCase().startsWith(PSBT_MAGIC)) {
      const whole = Transaction.fromHex(text);
      return { txid: whole.getId(), raw: whole.ins.every((one) => one.witness.length > 0) ? whole.toHex() : null };
    }
    const options = { network: chain.prefixes };
    const psbt = isHex ? Psbt.fromHex(text, options) : Psbt.fromBase64(text, options);
    const txid = txidOf(psbt);
    return { txid, raw: completed(psbt, txid) };
  } catch {
    return null;
  }
}

const PSBT_MAGIC = '70736274ff';

/** Null where it lacks a signature, or would be another transaction with what was put into it. */
function completed(psbt: Psbt, txid: string): string | null {
  try {
    for (const [place, input] of psbt.data.inputs.entries())
      if (input.finalScriptWitness === undefined) psbt.finalizeInput(place);
    // Its fee is not what the signer says of its inputs: the id says which they are.
    const whole = psbt.extractTransaction(true);
    return whole.getId() === txid ? whole.toHex() : null;
  } catch {
    return null;
  }
}

/** Of a PSBT of this wallet. */
export function outputsIn(text: string): PlannedOutput[] {
  return Psbt.fromBase64(text).txOutputs.map(({ script, value }) => ({ script, amount: value }));
}

/** The id that it has, signed or not: of witness inputs alone, signatures are not part of it. */
export function txidOf(psbt: Psbt): string {
  return shownHash(hash256(psbt.data.getTransaction()));
}
