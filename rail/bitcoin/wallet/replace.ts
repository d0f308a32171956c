/*
 * Replacing by fee (BIP 125): a batch whose newest transaction is in no block in; another one of the same outputs and coins, that pays
 * more, written down and sent, out. Whichever of them confirms, the batch is paid once. Called by pay.ts.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { integer } from '../exact.ts';
import { broadcast } from './broadcast.ts';
import { outpointOf } from './coin.ts';
import { makeTransaction, type Desk } from './desk.ts';
import { feerateNow } from './feerate.ts';
import type { PlannedOutput } from './plan.ts';
import { coinsIn } from './psbt.ts';
import { addTransaction, readInputsOf, type KeptBatch, type KeptTransaction } from './store.ts';

/** Above the fee that it replaces, in units per 1000 virtual bytes: what nodes ask for (incrementalrelayfee). */
const LEAST_STEP = 1_000n;

export async function replaceStuck(desk: Desk, kept: KeptBatch, outputs: readonly PlannedOutput[]): Promise<Result<null>> {
  // Its receipts name the one that was final: another could be mined in its place.
  if (kept.finalTxid !== null) return ok(null);
  const { rpc, ports, replaceAfterBlocks } = desk;
  const newest = kept.transactions.at(-1) as KeptTransaction;
  const height = await rpc.call('getblockcount', [], integer);
  if (!height.ok) return height;
  const isStuck = newest.raw !== null && height.value - newest.madeHeight >= replaceAfterBlocks;
  // Of one that was found on the chain there is nothing to sign anew.
  if (!isStuck || newest.psbt === '') return ok(null);
  const feerate = await nextFeerate(desk, newest);
  const made =
    feerate === null
      ? null
      : await makeTransaction(desk, {
          ...{ outputs, required: coinsIn(newest.psbt), changeIndex: kept.changeIndex, feerate },
        });
  if (made === null || !made.ok) {
    const code = made === null ? 'bitcoin-fee' : made.refusal.code;
    ports.log.warn('transaction-stuck', { role: 'settlement', code });
    return ok(null);
  }
  const { transaction, inputs } = made.value;
  await ports.database.transaction(async (tx) => {
    const before = new Set((await readInputsOf(tx, kept.id)).map(outpointOf));
    const more = inputs.filter((one) => !before.has(outpointOf(one)));
    await addTransaction(tx, kept.id, transaction, more);
  });
  return transaction.raw === null ? ok(null) : broadcast(desk, transaction.raw);
}

/** A quarter more at least, and what is asked for now. Null above the cap. */
async function nextFeerate({ rpc, fees }: Desk, { fee, vsize }: KeptTransaction): Promise<bigint | null> {
  const paid = (fee * 1000n + vsize - 1n) / vsize;
  const step = paid / 4n > LEAST_STEP ? paid / 4n : LEAST_STEP;
  const asked = await feerateNow(rpc, fees);
  if (!asked.ok) return null;
  const feerate = asked.value > paid + step ? asked.value : paid + step;
  return feerate > fees.max ? null : feerate;
}
