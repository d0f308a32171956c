/*
 * What a rail has taken back of what was final: batches that were paid are intents again, so that the same ones are sent again, and
 * income that is in no block any more does not count. Called by the job `undone`, and before the books are compared with the wallet.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { Income } from '../income/flow.ts';
import { pollSec, type Office, type OwnRail } from '../office.ts';
import { reopenPaid } from './store.ts';

/** Of a rail that takes nothing back there is nothing to do. Answers how much of the books it has changed. */
export async function takeBackUndone(office: Office, { wallet }: OwnRail, income: Income): Promise<Result<number>> {
  const { database, clock, log } = office.ports;
  if (wallet.unfinished === undefined) return ok(0);
  const open = await wallet.unfinished();
  if (!open.ok) return open;
  const reopened = await database.transaction(async (tx) => {
    let count = 0;
    for (const id of open.value) if (await reopenPaid(tx, id)) count += 1;
    if (count > 0) await office.schedule(tx, 'payments', clock.now());
    return count;
  });
  if (reopened > 0) log.warn('payments-undone', { role: 'settlement', count: reopened });
  const collected = await income.collect(wallet.rail);
  return collected.ok ? ok(reopened + collected.value) : collected;
}

/** The job: null where no rail takes anything back. */
export async function lookForUndone(office: Office, income: Income, now: number): Promise<number | null> {
  let isNeeded = false;
  for (const own of office.ports.rails) {
    if (own.wallet.unfinished === undefined) continue;
    isNeeded = true;
    await takeBackUndone(office, own, income);
  }
  return isNeeded ? now + UNDONE_POLLS * pollSec(office) : null;
}

/** It is rare, and nothing of it is urgent: a few blocks' time. */
const UNDONE_POLLS = 5;
