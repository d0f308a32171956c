/*
 * Income: what the wallet received since last time, each payment joined with the settlement whose destination it is at. Called by
 * the `payments` job, the stages, and when a debtor gives notice.
 */
import { ok, type Result } from '../../core/refusal.ts';
import { inTurn, type InTurn } from '../../host/in-turn.ts';
import type { Tx } from '../../host/ports.ts';
import type { IncomingPage } from '../../rail/rail.ts';
import { heard, scheduleFor, type Office, type OwnRail } from '../office.ts';
import { movePair } from '../pair/flow.ts';
import type { PairFigures } from '../pair/pair.ts';
import { readFiguresById, readPairAt, savePair } from '../pair/store.ts';
import {
  addIncome,
  explainIncome,
  readIncomeIn,
  readWalletStart,
  saveWalletStart,
  undoIncome,
  type Arrived,
  type IncomeKind,
  type IncomeRow,
} from './store.ts';

export interface Income {
  /** How many payments were new, or gone. */
  collect(rail: string): Promise<Result<number>>;
}

export function createIncome(office: Office): Income {
  const turns = new Map<string, InTurn>();
  return {
    async collect(rail) {
      const own = office.rail(rail);
      if (own === null) return ok(0);
      const turn = turns.get(rail) ?? inTurn();
      turns.set(rail, turn);
      return turn(() => collectNow(office, own));
    },
  };
}

async function collectNow(office: Office, own: OwnRail): Promise<Result<number>> {
  const { database } = office.ports;
  const { rail } = own.wallet;
  const { opening } = await database.transaction((tx) => readWalletStart(tx, rail));
  return opening === null ? openBooks(office, own) : readOn(office, own, 'other');
}

/** The first time: what is there already is the opening balance. Repeated while something comes in meanwhile. */
async function openBooks(office: Office, own: OwnRail): Promise<Result<number>> {
  const { database, clock } = office.ports;
  const { rail } = own.wallet;
  const before = await readOn(office, own, 'opening');
  if (!before.ok) return before;
  for (;;) {
    const balance = await own.wallet.held();
    if (!balance.ok) return balance;
    const since = await readOn(office, own, 'opening');
    if (!since.ok) return since;
    if (since.value > 0) continue;
    await database.transaction(async (tx) => {
      const { position } = await readWalletStart(tx, rail);
      await saveWalletStart(tx, rail, { position, opening: balance.value, openedAt: clock.now() });
    });
    return ok(0);
  }
}

async function readOn(office: Office, own: OwnRail, kind: IncomeKind): Promise<Result<number>> {
  const { database } = office.ports;
  const { rail } = own.wallet;
  let count = 0;
  for (;;) {
    const start = await database.transaction((tx) => readWalletStart(tx, rail));
    const page = heard(office, rail, await own.wallet.incoming(start.position));
    if (!page.ok) return page;
    const { payments, cursor } = page.value;
    // A page of blocks may hold nothing for this wallet.
    if (payments.length === 0 && cursor === start.position) return ok(count);
    count += await database.transaction(async (tx) => {
      const fresh = await take(office, tx, rail, page.value, kind);
      await saveWalletStart(tx, rail, { ...(await readWalletStart(tx, rail)), position: cursor });
      return fresh;
    });
    if (cursor === start.position) return ok(count);
  }
}

async function take(office: Office, tx: Tx, rail: string, page: IncomingPage, kind: IncomeKind): Promise<number> {
  const there = new Set(page.payments.map((one) => one.payment));
  const gone = (await readIncomeIn(tx, rail, page)).filter((one) => !there.has(one.payment));
  for (const one of gone) await undo(office, tx, one);
  let fresh = gone.length;
  for (const one of page.payments) {
    if (await addIncome(tx, rail, one, { kind, ofDeposits: page.ofDeposits })) fresh += 1;
    const pair = await readPairAt(tx, one.destination);
    if (pair !== null && pair.rail === rail) await arrive(office, tx, pair, one);
  }
  return fresh;
}

/**
 * Its block is in the chain no more. What was receipted stays so: a signature is not taken back, and the payer sends the same
 * transaction again.
 */
async function undo(office: Office, tx: Tx, { rail, payment, name }: IncomeRow): Promise<void> {
  await undoIncome(tx, rail, payment);
  office.ports.log.warn('income-undone', { role: 'settlement' });
  const pair = name === null ? null : await readFiguresById(tx, name);
  if (pair === null || pair.side !== 'creditor' || pair.payment !== payment) return;
  const late = office.ports.clock.now() >= (scheduleFor(office, pair.interval)?.paymentEnd ?? 0);
  const moved = await movePair(office, tx, pair, { kind: 'undone', late }, { payment: null, paidAt: null, received: 0n });
  if (moved === null) await savePair(tx, { ...pair, received: 0n });
}

/** The whole amount or nothing: a part is income of no settlement. */
export async function arrive(office: Office, tx: Tx, pair: PairFigures, one: Arrived): Promise<PairFigures | null> {
  if (pair.rail === null || one.amount < pair.amount) return null;
  // It was receipted, undone, and is in a block again.
  if (pair.state === 'receipted' && pair.received === 0n && pair.payment === one.payment) {
    await savePair(tx, { ...pair, received: one.amount });
    return null;
  }
  const changes = { payment: one.payment, paidAt: one.at, received: one.amount };
  const moved = await movePair(office, tx, pair, { kind: 'arrived' }, changes);
  if (moved !== null) await explainIncome(tx, pair.rail, one.payment, pair.id);
  return moved;
}
