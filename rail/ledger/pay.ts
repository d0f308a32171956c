/*
 * One transfer: outputs and an id in, the payments' names out. Asks the account's next number, signs, posts; the id makes every
 * repetition the same transfer. Called by wallet.ts and mint.ts.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { sign } from '../../core/crypto/sign.ts';
import { TRANSFER_OUTPUTS_MAX } from '../../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { codecRefusals } from '../../core/wire/codec.ts';
import { parseLedgerDestination, type TransferAnswer, type TransferOutput } from '../../core/wire/ledger.ts';
import { refuseHttp } from '../../host/http/refusals.ts';
import type { Batch, BatchPaid } from '../rail.ts';
import type { LedgerApi } from './api.ts';
import { paymentOf } from './entry.ts';

/** Times that another transfer of the account may take the number first. */
const ATTEMPTS_MAX = 10;

const refuse = refuser(codecRefusals);

export async function payBatch(api: LedgerApi, networkId: string, key: SigningKey, batch: Batch): Promise<Result<BatchPaid>> {
  invariant(batch.outputs.length > 0 && batch.outputs.length <= TRANSFER_OUTPUTS_MAX, 'a batch fits one transfer');
  const outputs: TransferOutput[] = [];
  for (const { destination, amount } of batch.outputs) {
    const where = parseLedgerDestination(destination);
    if (where === null) return refuse('bad-shape', `destination: ${destination.slice(0, 100)}`);
    outputs.push({ ...where, amount });
  }
  for (let attempt = 1; ; attempt += 1) {
    const account = await api.account(key.publicKey);
    if (!account.ok) return account;
    const body = { from: key.publicKey, number: account.value.nextNumber, id: batch.id, outputs };
    const answer = await api.transfer(sign('transfer', networkId, body, key));
    if (answer.ok) return paidBy(answer.value, key.publicKey, batch.id, outputs);
    if (answer.refusal.code !== 'transfer-number') return answer;
    // Nothing was paid, and nothing is wrong with the batch: the caller may come again with it.
    if (attempt === ATTEMPTS_MAX) return { ok: false, refusal: { ...answer.refusal, retry: true } };
  }
}

/** The entries must be those of the outputs, in their order: their names are what receipts are written about. */
function paidBy(answer: TransferAnswer, from: string, id: string, outputs: readonly TransferOutput[]): Result<BatchPaid> {
  const { entries } = answer;
  const good =
    entries.length === outputs.length &&
    outputs.every(({ to, ref, amount }, index) => {
      const entry = entries[index];
      return entry?.from === from && entry.transfer === id && entry.to === to && entry.ref === ref && entry.amount === amount;
    });
  return good ? ok({ payments: entries.map(paymentOf), fee: 0n }) : refuseHttp('bad-answer', `transfer ${id}`);
}
