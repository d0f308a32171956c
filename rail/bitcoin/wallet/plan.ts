/*
 * What a transaction spends and pays: coins, outputs, a feerate and a salt in; inputs and outputs in an order that tells nothing, change
 * among them, and the fee out. Pure; called by pay.ts and replace.ts. Coins are chosen by @scure/btc-signer.
 */
import { selectUTXO } from '@scure/btc-signer';
import { sha256Hex } from '../../../core/crypto/hash.ts';
import { BITCOIN_TRANSACTION_BYTES_MAX } from '../../../core/limits.ts';
import { invariant } from '../../../core/refusal.ts';
import type { Chain } from '../network.ts';
import { dustOf, feeCeil, outpointOf, RBF_SEQUENCE, sumOf, type Coin } from './coin.ts';

export interface PlannedOutput {
  readonly script: Uint8Array;
  readonly amount: bigint;
}

export interface Plan {
  readonly inputs: readonly Coin[];
  readonly outputs: readonly PlannedOutput[];
  readonly fee: bigint;
  /** At most: signatures may come out shorter. */
  readonly vsize: bigint;
}

export interface Wanted {
  readonly coins: readonly Coin[];
  /** Spent whatever else is: those of the transaction that is replaced. */
  readonly required: readonly Coin[];
  readonly outputs: readonly PlannedOutput[];
  readonly change: { readonly address: string; readonly script: Uint8Array };
  /** Units per 1000 virtual bytes. */
  readonly feerate: bigint;
  readonly salt: Uint8Array;
  readonly chain: Chain;
}

/** More are not looked at: the largest come first. */
const COINS_MAX = 500;

/** `funds`: they do not suffice. `coins`: too many of them would be needed. */
export function planTransaction(wanted: Wanted): Plan | 'funds' | 'coins' {
  const { coins, required, outputs, change, feerate, salt, chain } = wanted;
  const taken = new Set(required.map(outpointOf));
  const free = coins.filter((one) => !taken.has(outpointOf(one))).sort((a, b) => (a.amount > b.amount ? -1 : 1));
  const byName = new Map([...required, ...free].map((one) => [outpointOf(one), one]));
  const { bech32, pubKeyHash, scriptHash, wif } = chain.prefixes;
  const chosen = selectUTXO(free.slice(0, COINS_MAX).map(asInput), [...outputs], 'default', {
    ...{ feePerByte: (feerate + 999n) / 1000n, changeAddress: change.address, createTx: false, bip69: false },
    ...{ network: { bech32, pubKeyHash, scriptHash, wif }, requiredInputs: required.map(asInput) },
    // They were made from addresses: to look into each anew takes longer than to choose.
    ...{ disableScriptCheck: true, allowUnknownOutputs: true },
  });
  if (chosen === undefined) return 'funds';
  const inputs = chosen.inputs.map(({ txid, index }) => {
    invariant(txid !== undefined && index !== undefined, 'a chosen input has its outpoint');
    return byName.get(`${Buffer.from(txid).toString('hex')}:${index}`) as Coin;
  });
  const vsize = BigInt(Math.ceil(chosen.weight / 4));
  const rest = sumOf(inputs) - sumOf(outputs) - feeCeil(vsize, feerate);
  const all =
    chosen.change && rest >= dustOf(change.script) ? [...outputs, { script: change.script, amount: rest }] : [...outputs];
  const fee = sumOf(inputs) - sumOf(all);
  invariant(fee > 0n, 'a transaction pays its fee');
  if (sizeOf(inputs.length, all) > BITCOIN_TRANSACTION_BYTES_MAX) return 'coins';
  return { inputs: shuffled(inputs, salt), outputs: shuffled(all, salt), fee, vsize };
}

function asInput({ txid, vout, amount, script, kind, publicKey }: Coin) {
  const witnessUtxo = { script, amount };
  const internal = kind === 'tr' ? { tapInternalKey: publicKey } : {};
  return { txid, index: vout, sequence: RBF_SEQUENCE, witnessUtxo, ...internal };
}

/** Bytes without witnesses: as large as a proof of it must carry. */
function sizeOf(inputs: number, outputs: readonly PlannedOutput[]): number {
  return 4 + 3 + 41 * inputs + 3 + outputs.reduce((bytes, { script }) => bytes + 9 + script.length, 0) + 4;
}

/** Neither the order of the batch nor which output is the change can be seen in it. */
function shuffled<T>(items: readonly T[], salt: Uint8Array): T[] {
  return items
    .map((item, index) => ({ item, place: sha256Hex(salt, String(items.length), '\0', String(index)) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ item }) => item);
}
