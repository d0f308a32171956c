/*
 * `ptg earnings`, `ptg statements` and `ptg payouts`: the pairs as the operator reads them. Called by http.ts.
 */
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import { interval as intervalField } from '../../core/wire/field.ts';
import type { Office } from '../office.ts';
import { bothSigned, type PairFigures } from '../pair/pair.ts';
import { readAllPairs, readFigures, readFiguresIn, readPairs } from '../pair/store.ts';
import { readSweeps } from '../sweep/store.ts';
import { earningsOf, type Earnings } from './decide.ts';

/** Null: of all. */
export const ofInterval = z.strictObject({ interval: intervalField.nullable() });
export type OfInterval = z.infer<typeof ofInterval>;

export async function showEarnings(office: Office, { interval }: OfInterval): Promise<Result<Earnings>> {
  const { pairs, sweeps } = await office.ports.database.transaction(async (tx) => ({
    pairs: await readFigures(tx, interval),
    // They are of no interval.
    sweeps: interval === null ? await readSweeps(tx) : [],
  }));
  return ok(earningsOf(pairs, sweeps, (peer) => nicknameOf(office, peer)));
}

export async function listStatements(office: Office, { interval }: OfInterval): Promise<Result<unknown>> {
  const { database } = office.ports;
  const pairs = await database.transaction((tx) => (interval === null ? readAllPairs(tx) : readPairs(tx, interval)));
  return ok({
    statements: pairs.map((pair) => ({
      ...head(office, pair),
      mine: pair.mine,
      theirs: pair.theirs,
      settlement: bothSigned(pair) ?? pair.settlement,
      receipt: pair.receipt,
    })),
  });
}

/** What I pay, from agreed to done; `waiting` for the operator are those in state `manual` or `lapsed`. */
export async function listPayouts(office: Office): Promise<Result<unknown>> {
  const states = ['agreed', 'manual', 'due', 'awaiting', 'paying', 'paid', 'lapsed'] as const;
  const pairs = await office.ports.database.transaction((tx) => readFiguresIn(tx, states));
  const mine = pairs.filter((pair) => pair.side === 'debtor' && pair.amount > 0n);
  return ok({ payouts: mine.map((pair) => ({ ...head(office, pair), fallback: pair.fallback, payment: pair.payment })) });
}

function head(office: Office, { id, interval, peer, state, side, rail, amount, destination }: PairFigures) {
  return { id, interval, peer, nickname: nicknameOf(office, peer), state, side, rail, amount, destination };
}

function nicknameOf(office: Office, peer: string): string | null {
  return office.ports.network.descriptor(peer)?.body.nickname ?? null;
}
