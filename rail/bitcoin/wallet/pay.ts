/*
 * Paying a batch: is it written down? · fee · coins · signature · written down · broadcast · deep enough. What is written is what is
 * sent, however often: a batch has one set of coins from then on, and each of its transactions spends them. Called by wallet.ts.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import type { Batch, BatchPaid, BatchWaits } from '../../rail.ts';
import { scriptOf } from '../address.ts';
import { paymentOf } from '../payment.ts';
import { strippedOf } from '../proof/stripped.ts';
import { parseTransaction } from '../proof/transaction.ts';
import { findSent } from './adopt.ts';
import { broadcast } from './broadcast.ts';
import { dustOf, outpointOf } from './coin.ts';
import { makeTransaction, type Desk } from './desk.ts';
import { feerateNow } from './feerate.ts';
import { areGone } from './gone.ts';
import type { PlannedOutput } from './plan.ts';
import { coinsIn } from './psbt.ts';
import { refusePayment } from './refusals.ts';
import { replaceStuck } from './replace.ts';
import {
  dropBatch,
  finishBatch,
  readBatch,
  readInputs,
  readNextChange,
  saveBatch,
  saveSigned,
  type KeptBatch,
  type KeptTransaction,
} from './store.ts';
import { coinsAgainstVoid } from './void.ts';

export async function payBatch(desk: Desk, batch: Batch): Promise<Result<BatchPaid | BatchWaits>> {
  const outputs = plannedOutputs(desk, batch);
  if (!outputs.ok) return outputs;
  const { database } = desk.ports;
  let kept = await database.transaction((tx) => readBatch(tx, batch.id));
  if (kept === null) {
    const begun = await begin(desk, batch, outputs.value);
    if (!begun.ok) return begun;
    if (begun.value !== null) return ok(begun.value);
    kept = await database.transaction((tx) => readBatch(tx, batch.id));
  }
  return kept === null ? refusePayment('bitcoin-funds', 'its coins were taken meanwhile') : follow(desk, kept, outputs.value);
}

/** In the batch's order. Refused before anything is written. */
function plannedOutputs({ chain }: Desk, { outputs }: Batch): Result<PlannedOutput[]> {
  const planned: PlannedOutput[] = [];
  for (const { destination, amount } of outputs) {
    const script = scriptOf(destination, chain);
    if (script === null) return refusePayment('bitcoin-destination', destination.slice(0, 100));
    if (amount < dustOf(script)) return refusePayment('bitcoin-dust', `${amount} to ${destination}`);
    planned.push({ script, amount });
  }
  return ok(planned);
}

/** Writes the batch and its first transaction; sends nothing. It may have to wait before there is one. */
async function begin(desk: Desk, { id }: Batch, outputs: readonly PlannedOutput[]): Promise<Result<BatchWaits | null>> {
  const { ports, rpc, fees, watch } = desk;
  const { database } = ports;
  const seenChange = await watch.nextChange();
  if (!seenChange.ok) return seenChange;
  const changeIndex = Math.max(seenChange.value, await database.transaction(readNextChange));
  // Of a database that came out of a backup: the batch may have been paid by the one that was lost.
  const found = await findSent(desk, outputs);
  if (!found.ok) return found;
  let made = found.value;
  if (made === null) {
    const required = await coinsAgainstVoid(desk, outputs);
    if (!required.ok || required.value === 'waits') return required.ok ? ok(waiting) : required;
    const feerate = await feerateNow(rpc, fees);
    if (!feerate.ok) return feerate;
    const fresh = await makeTransaction(desk, { outputs, required: required.value, changeIndex, feerate: feerate.value });
    if (!fresh.ok) return fresh;
    made = fresh.value;
  }
  const { transaction, inputs } = made;
  return database.transaction(async (tx) => {
    const taken = await readInputs(tx);
    // One that was found on the chain may spend what another batch was to spend: that one is dropped first.
    if (inputs.some((one) => taken.has(outpointOf(one)))) return ok(waiting);
    await saveBatch(tx, { id, changeIndex }, transaction, inputs);
    return ok(null);
  });
}

const waiting: BatchWaits = { waits: 'confirmations' };

async function follow(desk: Desk, kept: KeptBatch, outputs: readonly PlannedOutput[]): Promise<Result<BatchPaid | BatchWaits>> {
  const { watch, rules, ports } = desk;
  const transactions: KeptTransaction[] = [];
  let isLost = kept.transactions.length > 0;
  for (const known of kept.transactions) {
    const seen = await watch.transaction(known.txid);
    if (!seen.ok) return seen;
    const one = known.raw === null && seen.value !== null ? await sentByItself(desk, known, seen.value.raw) : known;
    transactions.push(one);
    const gone = seen.value === null ? await areGone(desk, coinsIn(one.psbt)) : ok(false);
    if (!gone.ok) return gone;
    const confirmations = gone.value ? -rules.confirmations : (seen.value?.confirmations ?? 0);
    if (confirmations >= rules.confirmations) {
      if (!kept.isFinal) await ports.database.transaction((tx) => finishBatch(tx, kept.id, one.txid));
      return ok({ payments: namesIn(one, outputs), fee: one.fee });
    }
    if (confirmations > 0) return ok(waiting);
    if (confirmations > -rules.confirmations) isLost = false;
  }
  if (isLost) {
    await ports.database.transaction((tx) => dropBatch(tx, kept.id));
    return refusePayment('bitcoin-conflict', kept.id);
  }
  return send(desk, { ...kept, transactions }, outputs);
}

/** Whoever signs elsewhere may send it there too. */
async function sentByItself({ ports }: Desk, known: KeptTransaction, raw: string): Promise<KeptTransaction> {
  await ports.database.transaction((tx) => saveSigned(tx, known.txid, raw));
  return { ...known, raw };
}

async function send(desk: Desk, kept: KeptBatch, outputs: readonly PlannedOutput[]): Promise<Result<BatchWaits>> {
  const signed = kept.transactions.filter((one) => one.raw !== null && one.txid === (kept.finalTxid ?? one.txid)).at(-1);
  if (signed === undefined || signed.raw === null) return ok({ waits: 'signature' });
  const sent = await broadcast(desk, signed.raw);
  if (!sent.ok) return sent;
  const replaced = await replaceStuck(desk, kept, outputs);
  return replaced.ok ? ok(waiting) : replaced;
}

/** Each output's own place: two of one destination and amount are two payments. */
function namesIn({ txid, raw }: KeptTransaction, outputs: readonly PlannedOutput[]): string[] {
  const there = (raw === null ? null : parseTransaction(strippedOf(raw)))?.outputs ?? [];
  const used = new Set<number>();
  return outputs.map(({ script, amount }) => {
    const place = there.findIndex(
      (one, index) => !used.has(index) && one.amount === amount && Buffer.compare(one.script, script) === 0,
    );
    used.add(place);
    return paymentOf(txid, place);
  });
}
