/*
 * Signing elsewhere: the transactions that wait for it, as PSBTs, out; a signed one in. It is checked by the node, and kept; the next
 * look at its batch sends it. Called by wallet.ts for the operator's commands.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { checkWithNode, type Desk } from './desk.ts';
import { rawOf } from './psbt.ts';
import { refusePayment } from './refusals.ts';
import { readUnsigned, saveSigned } from './store.ts';

export interface Unsigned {
  readonly batch: string;
  readonly txid: string;
  /** Base64 (BIP 174). */
  readonly psbt: string;
}

export function listUnsigned({ ports }: Desk): Promise<Unsigned[]> {
  return ports.database.transaction(readUnsigned);
}

export async function takeSigned(desk: Desk, psbt: string): Promise<Result<{ readonly txid: string }>> {
  const { ports, chain } = desk;
  const signed = rawOf(psbt, chain);
  if (signed === null) return refusePayment('bitcoin-psbt', 'it is no PSBT, or lacks a signature');
  const waiting = await listUnsigned(desk);
  // The id says every input and output: what was changed in it is another transaction.
  if (!waiting.some((one) => one.txid === signed.txid)) return refusePayment('bitcoin-psbt', signed.txid);
  const checked = await checkWithNode(desk, signed.raw);
  if (!checked.ok) return checked;
  const isNew = await ports.database.transaction((tx) => saveSigned(tx, signed.txid, signed.raw));
  return isNew ? ok({ txid: signed.txid }) : refusePayment('bitcoin-psbt', signed.txid);
}
