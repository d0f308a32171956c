/*
 * What this role does by the clock: a job for each stage of an interval, the payments between BST and the end of the window, and
 * at the start the wallets' opening balances. Called by main.ts.
 */
import type { Job } from '../host/jobs.ts';
import type { Tx } from '../host/ports.ts';
import { lookAtDocket } from './contest/watch.ts';
import { endWindow, forgetIous, settleBalances } from './due/flow.ts';
import type { Income } from './income/flow.ts';
import { postLetters } from './letter/flow.ts';
import { pollSec, scheduleFor, type Office } from './office.ts';
import type { Payouts } from './payout/flow.ts';
import { hasIntents } from './payout/store.ts';
import { lookForUndone } from './payout/undone.ts';
import { hasPairsIn, readIntervalsOwed } from './pair/store.ts';
import { restless } from './pair/decide.ts';
import { stageJob } from './period/flow.ts';
import { dischargeAll } from './receipt/flow.ts';
import { beginRecovery } from './recall/flow.ts';
import { closeBooks } from './statement/flow.ts';
import { reviewSweep, writeSweep } from './sweep/flow.ts';
import { readOrders } from './withdraw/store.ts';

/** Seconds until the next try while no consensus is known. */
const NO_CONSENSUS_SEC = 5;

export function settlementJobs(office: Office, income: Income, payouts: Payouts): Job[] {
  const recovered = once(() => beginRecovery(office));
  const close = stageJob(office, 'close', (interval, now) => closeBooks(office, interval, now));
  return [
    { name: 'open', run: (now) => openWallets(office, income, now) },
    // Nothing is reckoned or paid before it is known whether the counterparts are to be asked first.
    { name: 'close', run: async (now) => ((await recovered()) ? close.run(now) : now + NO_CONSENSUS_SEC) },
    stageJob(office, 'letters', (interval) => postLetters(office, interval)),
    stageJob(office, 'bst', (interval, now) => settleBalances(office, interval, now)),
    stageJob(office, 'lapse', (interval, now) => endWindow(office, income, interval, now)),
    stageJob(office, 'forget', (interval) => forgetIous(office, interval)),
    { name: 'docket', run: (now) => lookAtDocket(office, income, now) },
    { name: 'undone', run: (now) => lookForUndone(office, income, now) },
    {
      name: 'payments',
      run: async (now) => ((await recovered()) ? pay(office, income, payouts, now) : now + NO_CONSENSUS_SEC),
    },
  ];
}

export const firstJobs = (now: number): Record<string, number> => ({
  open: now,
  close: now,
  letters: now,
  bst: now,
  lapse: now,
  forget: now,
  payments: now,
  docket: now,
  undone: now,
});

async function openWallets(office: Office, income: Income, now: number): Promise<number | null> {
  let next: number | null = null;
  for (const rail of office.rails) {
    if (!(await income.collect(rail)).ok) next = now + pollSec(office);
  }
  return next;
}

/** Receives, pays, signs receipts. Comes again while something is outstanding, and only then. */
async function pay(office: Office, income: Income, payouts: Payouts, now: number): Promise<number | null> {
  const { database } = office.ports;
  const isBusy = await database.transaction((tx) => isOutstanding(office, tx, now));
  if (!isBusy && !office.ports.rails.some((own) => own.sweep !== undefined)) return null;
  for (const rail of office.rails) await income.collect(rail);
  let next: number | null = null;
  for (const own of office.ports.rails) {
    const { rail } = own.wallet;
    await reviewSweep(office, own);
    const again = await payouts.run(rail);
    if (again !== null) next = Math.min(again, next ?? again);
  }
  await dischargeAll(office);
  for (const own of office.ports.rails) if (await writeSweep(office, own)) await payouts.run(own.wallet.rail);
  const open = await database.transaction((tx) => isOutstanding(office, tx, now));
  const poll = now + pollSec(office);
  return open ? Math.max(now + 1, Math.min(poll, next ?? poll)) : null;
}

async function isOutstanding(office: Office, tx: Tx, now: number): Promise<boolean> {
  if ((await hasPairsIn(tx, restless)) || (await hasIntents(tx))) return true;
  if ((await readOrders(tx, 'accepted')).length > 0 || (await readOrders(tx, 'sent')).length > 0) return true;
  return (await readIntervalsOwed(tx, ['claimed', 'expecting'])).some((interval) => {
    const schedule = scheduleFor(office, interval);
    return schedule !== null && schedule.bst <= now && now < schedule.paymentEnd;
  });
}

/** True once it has been done. */
function once(run: () => Promise<boolean>): () => Promise<boolean> {
  let ran: Promise<boolean> | null = null;
  return async () => {
    ran ??= run();
    const done = await ran.catch((thrown: unknown) => {
      ran = null;
      throw thrown;
    });
    if (!done) ran = null;
    return done;
  };
}
