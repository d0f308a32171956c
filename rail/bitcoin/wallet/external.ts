/*
 * Signing elsewhere: the transactions that wait for it, as PSBTs, out; a signed one in. It is checked, kept and sent; each look at its
 * batch sends it again. Called by wallet.ts for the operator's commands.
 */
import { SIGNED_CHARS_MAX } from '../../../core/limits.ts';
import { ok, type Result } from '../../../core/refusal.ts';
import type { UnsignedBatch } from '../../rail.ts';
import { addressOf } from '../address.ts';
import { broadcast } from './broadcast.ts';
import { sumOf } from './coin.ts';
import { changeAt, checkWithNode, type Desk } from './desk.ts';
import { outputsIn, signedIn } from './psbt.ts';
import { refusePayment } from './refusals.ts';
import { readOwnerOf, readUnsigned, readVoid, saveSigned, type WaitingTransaction } from './store.ts';

export async function listUnsigned(desk: Desk): Promise<UnsignedBatch[]> {
  return (await desk.ports.database.transaction(readUnsigned)).map((one) => shownOf(desk, one));
}

/** As the PSBT has it, and not as it was asked for: it is what will be signed. */
function shownOf({ chain, accounts }: Desk, { batch, txid, psbt, fee, vsize, changeIndex }: WaitingTransaction): UnsignedBatch {
  const change = changeAt(accounts, changeIndex);
  const outputs = outputsIn(psbt).map(({ script, amount }) => ({
    destination: addressOf(script, chain),
    amount,
    isChange: Buffer.compare(script, change.script) === 0,
  }));
  const total = sumOf(outputs.filter((one) => !one.isChange));
  return { batch, payment: txid, unsigned: psbt, outputs, total, fee, feerate: feerateText(fee, vsize) };
}

/** With one decimal, rounded down. */
function feerateText(fee: bigint, vsize: bigint): string {
  const tenths = (fee * 10n) / vsize;
  return `${tenths / 10n}.${tenths % 10n} satoshi a virtual byte`;
}

export async function takeSigned(
  desk: Desk,
  given: string,
): Promise<Result<{ readonly batch: string; readonly payment: string }>> {
  const { ports, chain } = desk;
  const signed = given.length > SIGNED_CHARS_MAX ? null : signedIn(given, chain);
  if (signed === null) return refusePayment('bitcoin-psbt', `${given.length} characters`);
  const { txid, raw } = signed;
  // The id says every input and output: what was changed in it is another transaction.
  const found = await ports.database.transaction(async (tx) => ({
    owner: await readOwnerOf(tx, txid),
    isVoid: (await readVoid(tx)).some((one) => one.txid === txid),
  }));
  if (found.isVoid) return refusePayment('bitcoin-void', txid);
  const { owner } = found;
  if (owner === null) return refusePayment('bitcoin-other', txid);
  const answer = ok({ batch: owner.batch, payment: txid });
  if (owner.isSigned) return answer;
  if (raw === null) return refusePayment('bitcoin-unsigned', txid);
  const checked = await checkWithNode(desk, raw);
  if (!checked.ok) return checked;
  const isKept = await ports.database.transaction((tx) => saveSigned(tx, txid, raw));
  if (!isKept) return refusePayment('bitcoin-other', txid);
  const sent = await broadcast(desk, raw);
  if (!sent.ok) ports.log.warn('payments-wait', { role: 'settlement', code: sent.refusal.code });
  return answer;
}
