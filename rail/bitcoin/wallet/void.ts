/*
 * Giving up a batch that was handed out unsigned, and what that asks of later ones: who has the PSBT may sign and send it at any time, so
 * whatever pays one of its outputs again spends one of its coins too, and both can never confirm. Called by wallet.ts and pay.ts.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { outpointOf, type Coin } from './coin.ts';
import { freeCoins, type Desk } from './desk.ts';
import { areGone } from './gone.ts';
import type { PlannedOutput } from './plan.ts';
import { coinsIn, outputsIn } from './psbt.ts';
import { refusePayment } from './refusals.ts';
import { addVoid, dropBatch, dropVoid, readBatch, readVoid, type VoidTransaction } from './store.ts';

/** Its coins are free from then on. Refused where a transaction of it is signed, here or, as the node has seen, elsewhere. */
export async function voidBatch({ ports, watch }: Desk, id: string): Promise<Result<null>> {
  const { database } = ports;
  const kept = await database.transaction((tx) => readBatch(tx, id));
  for (const one of kept?.transactions ?? []) {
    const seen = await watch.transaction(one.txid);
    if (!seen.ok) return seen;
    if (seen.value !== null && seen.value.confirmations >= 0) return refusePayment('bitcoin-signed', one.txid);
  }
  return database.transaction(async (tx) => {
    const now = await readBatch(tx, id);
    const signed = now?.transactions.find((one) => one.raw !== null);
    if (signed !== undefined) return refusePayment('bitcoin-signed', signed.txid);
    for (const one of now?.transactions ?? []) await addVoid(tx, one);
    await dropBatch(tx, id);
    return ok(null);
  });
}

/** `waits`: none of its coins is at hand now, or it was sent after all; its end is to be seen first. */
export async function coinsAgainstVoid(
  desk: Desk,
  outputs: readonly PlannedOutput[],
): Promise<Result<readonly Coin[] | 'waits'>> {
  const { database } = desk.ports;
  const given = (await database.transaction(readVoid)).filter((one) => paysAny(one, outputs));
  const open: VoidTransaction[] = [];
  for (const one of given) {
    const end = await endOf(desk, one);
    if (!end.ok) return end;
    // Its payments are found by whoever looks for what was sent; the batch is not the same any more.
    if (end.value === 'paid') return refusePayment('bitcoin-conflict', one.txid);
    if (end.value === 'sent') return ok('waits');
    if (end.value === 'gone') await database.transaction((tx) => dropVoid(tx, one.txid));
    else open.push(one);
  }
  return open.length === 0 ? ok([]) : chosenFrom(desk, open);
}

function paysAny({ psbt }: VoidTransaction, outputs: readonly PlannedOutput[]): boolean {
  const paid = new Set(outputsIn(psbt).map(nameOf));
  return outputs.some((one) => paid.has(nameOf(one)));
}

function nameOf({ script, amount }: PlannedOutput): string {
  return `${Buffer.from(script).toString('hex')} ${amount}`;
}

/** `open`: it may yet be signed and sent. */
async function endOf(desk: Desk, { txid, psbt }: VoidTransaction): Promise<Result<'open' | 'sent' | 'paid' | 'gone'>> {
  const { confirmations: deep } = desk.rules;
  const seen = await desk.watch.transaction(txid);
  if (!seen.ok) return seen;
  if (seen.value === null) {
    const gone = await areGone(desk, coinsIn(psbt));
    return gone.ok ? ok(gone.value ? 'gone' : 'open') : gone;
  }
  const { confirmations } = seen.value;
  if (confirmations >= deep) return ok('paid');
  return ok(confirmations >= 0 ? 'sent' : confirmations <= -deep ? 'gone' : 'open');
}

/** One coin of each, the same one where that does. */
async function chosenFrom(desk: Desk, open: readonly VoidTransaction[]): Promise<Result<readonly Coin[] | 'waits'>> {
  const coins = await freeCoins(desk);
  if (!coins.ok) return coins;
  const free = new Map(coins.value.map((one) => [outpointOf(one), one]));
  const chosen = new Map<string, Coin>();
  for (const { psbt } of open) {
    const own = coinsIn(psbt).map(outpointOf);
    if (own.some((one) => chosen.has(one))) continue;
    const best = own.flatMap((one) => free.get(one) ?? []).sort((a, b) => (a.amount > b.amount ? -1 : 1))[0];
    if (best === undefined) return ok('waits');
    chosen.set(outpointOf(best), best);
  }
  return ok([...chosen.values()]);
}
