/*
 * A payment of which this database knows nothing, since it came out of a backup: outputs in; the wallet's own transaction that pays all
 * of them and belongs to no batch out, or null. Called by pay.ts before a batch is made anew.
 */
import { ok, type Result } from '../../../core/refusal.ts';
import { addressOf } from '../address.ts';
import { strippedOf } from '../proof/stripped.ts';
import { parseTransaction } from '../proof/transaction.ts';
import { sumOf } from './coin.ts';
import type { Desk, Made } from './desk.ts';
import type { PlannedOutput } from './plan.ts';
import { isKept } from './store.ts';
import type { Sent } from './watch.ts';

export async function findSent(desk: Desk, outputs: readonly PlannedOutput[]): Promise<Result<Made | null>> {
  const sent = await desk.watch.sent();
  if (!sent.ok) return sent;
  const wanted = outputs.map(({ script, amount }) => `${addressOf(script, desk.chain)} ${amount}`).sort();
  for (const [txid, paid] of byTransaction(sent.value)) {
    if (wanted.some((one) => !paid.has(one))) continue;
    if (await desk.ports.database.transaction((tx) => isKept(tx, txid))) continue;
    const made = await asMade(desk, txid, outputs);
    if (!made.ok || made.value !== null) return made;
  }
  return ok(null);
}

function byTransaction(sent: readonly Sent[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { txid, destination, amount } of sent) {
    const paid = found.get(txid) ?? new Set();
    found.set(txid, paid.add(`${destination} ${amount}`));
  }
  return found;
}

/** Null where it does not pay each of them by an output of its own. */
async function asMade({ watch }: Desk, txid: string, outputs: readonly PlannedOutput[]): Promise<Result<Made | null>> {
  const seen = await watch.transaction(txid);
  if (!seen.ok) return seen;
  const raw = seen.value?.raw;
  const parsed = raw === undefined ? null : parseTransaction(strippedOf(raw));
  if (raw === undefined || parsed === null || !paysAll(parsed.outputs, outputs)) return ok(null);
  const inputs = [];
  for (const { txid: from, vout } of parsed.inputs) {
    const before = await watch.transaction(from);
    if (!before.ok) return before;
    const spent = before.value === null ? null : parseTransaction(strippedOf(before.value.raw))?.outputs[vout];
    if (spent === null || spent === undefined) return ok(null);
    inputs.push({ txid: from, vout, amount: spent.amount });
  }
  const fee = sumOf(inputs) - sumOf(parsed.outputs);
  const vsize = BigInt(raw.length / 2);
  return ok({ transaction: { txid, psbt: '', raw, fee, vsize, madeHeight: 0 }, inputs });
}

function paysAll(there: readonly PlannedOutput[], wanted: readonly PlannedOutput[]): boolean {
  const left = there.map(({ script, amount }) => `${Buffer.from(script).toString('hex')} ${amount}`);
  return wanted.every(({ script, amount }) => {
    const place = left.indexOf(`${Buffer.from(script).toString('hex')} ${amount}`);
    if (place >= 0) left.splice(place, 1);
    return place >= 0;
  });
}
