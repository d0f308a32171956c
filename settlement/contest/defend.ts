/*
 * What is done with a case that the docket has: as accused its defence, first with the contestant and then at the docket; as contestant
 * the withdrawal, once it was paid (rule 11). Called by watch.ts; the operator's appeal takes its parts.
 */
import { isUndecided, type CaseState } from '../../core/rule/course.ts';
import type { DocketLine } from '../../core/wire/verdict.ts';
import type { Tx } from '../../host/ports.ts';
import type { Income } from '../income/flow.ts';
import { parametersFor, scheduleFor, type Office } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';
import { readPair, readPairById } from '../pair/store.ts';
import { findPaid } from '../payout/flow.ts';
import { dischargeAll } from '../receipt/flow.ts';
import { isRecovering } from '../recall/store.ts';
import { putAppeal, putPlea, withdrawal } from './appeal.ts';
import type { OwnCase } from './case.ts';
import { evidenceFor, type ContestAbout, type Defence } from './evidence.ts';
import { isVoid, readCase } from './store.ts';

/** Until the contestant has had its time, and then at the docket: the best that was not shown yet. */
export async function defend(
  office: Office,
  one: OwnCase,
  about: ContestAbout,
  line: DocketLine,
  now: number,
): Promise<number | null> {
  const { database } = office.ports;
  if (!isOpen(line.state)) return null;
  await findLost(office, one);
  const defence = await database.transaction((tx) => defenceOf(tx, one, about, line, now));
  const [best] = defence === null ? [] : await evidenceFor(office, defence, one.shown);
  if (best === undefined) return null;
  // A third of the time in which no answer counts: the rest is for the docket.
  const pleadBy = line.filedAt + Math.floor((line.answerBy - line.filedAt) / 3);
  const isPayment = best.evidence.kind === 'receipt' || best.evidence.kind === 'payment';
  if (isPayment && now < pleadBy && one.plea !== 'over') {
    if (one.plea === 'none')
      await database.transaction((tx) => change(tx, one, (row) => putPlea(office, tx, row, best.evidence, pleadBy)));
    return pleadBy;
  }
  await database.transaction((tx) => change(tx, one, (row) => putAppeal(office, tx, row, best, appealUntil(office, one, now))));
  return null;
}

/** A restored debtor does not know what it paid: its rail does. */
async function findLost(office: Office, { id, interval }: OwnCase): Promise<void> {
  const pair = await office.ports.database.transaction(async (tx) =>
    (await isRecovering(tx, interval)) ? readPairById(tx, id) : null,
  );
  if (pair?.state === 'lapsed' && pair.side === 'debtor') await findPaid(office, pair);
}

export async function defenceOf(
  tx: Tx,
  { id, interval, peer }: OwnCase,
  about: ContestAbout,
  { state, appealBy }: DocketLine,
  now: number,
): Promise<Defence | null> {
  const pair = await readPairById(tx, id);
  if (pair === null) return null;
  const before = interval === 0 ? null : await readPair(tx, interval - 1, peer);
  const isLeft = before !== null && !(await isVoid(tx, before.id));
  return { pair, before: isLeft ? bothSigned(before) : null, about, isOver: state === 'upheld' || now >= appealBy };
}

/** Whether the docket has it as late, and this relay paid in time and has not shown that since. */
function canBeCleared(office: Office, one: OwnCase, pair: Pair, now: number): boolean {
  const { payment, paidAt, side } = pair;
  if (one.part !== 'accused' || side !== 'debtor' || payment === null || paidAt === null) return false;
  const paymentEnd = scheduleFor(office, one.interval)?.paymentEnd ?? 0;
  return paidAt < paymentEnd && now < (one.until ?? 0) && !one.shown.includes(inTime(payment));
}

const inTime = (payment: string): string => `in-time:${payment}`;

/** Whoever withdraws says when it was paid; the rail's proof is stronger while the appeal window is open. */
export async function clearOfLate(
  office: Office,
  one: OwnCase,
  about: ContestAbout,
  line: DocketLine,
  now: number,
): Promise<null> {
  const { database } = office.ports;
  const defence = await database.transaction((tx) => defenceOf(tx, one, about, line, now));
  if (defence === null || !canBeCleared(office, one, defence.pair, now)) return null;
  const found = await evidenceFor(office, { ...defence, isOver: true }, []);
  const [proof] = found.filter(({ evidence }) => evidence.kind === 'payment');
  if (proof === undefined || defence.pair.payment === null) return null;
  const held = { ...proof, name: inTime(defence.pair.payment) };
  await database.transaction((tx) => change(tx, one, (row) => putAppeal(office, tx, row, held, line.appealBy)));
  return null;
}

/** The contestant was paid, and says so. A payment that came without a word is looked for. */
export async function withdraw(office: Office, income: Income, one: OwnCase, line: DocketLine, now: number): Promise<null> {
  const { database } = office.ports;
  const seen = await database.transaction((tx) => readPairById(tx, one.id));
  if (seen?.receipt === null) {
    await income.collect(line.rail);
    await dischargeAll(office);
  }
  const pair = await database.transaction((tx) => readPairById(tx, one.id));
  if (pair === null || pair.receipt === null || one.shown.includes('receipt') || !isOpen(line.state)) return null;
  const { receipt } = pair;
  await database.transaction((tx) =>
    change(tx, one, (row) => putAppeal(office, tx, row, withdrawal(receipt), appealUntil(office, one, now))),
  );
  return null;
}

/** By the row as it is now: an answer may have come meanwhile. */
async function change(tx: Tx, { id }: OwnCase, work: (row: OwnCase) => Promise<unknown>): Promise<void> {
  const row = await readCase(tx, id);
  if (row !== null) await work(row);
}

function isOpen(state: CaseState): boolean {
  return isUndecided(state) || state === 'upheld';
}

/** A payment lifts an upheld contest whenever it is shown. */
export function appealUntil(office: Office, { until, interval }: OwnCase, now: number): number {
  const windowSec = parametersFor(office, interval)?.appealWindowSec ?? 0;
  return Math.max(until ?? 0, now + windowSec);
}
