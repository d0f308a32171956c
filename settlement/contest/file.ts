/*
 * Filing (rule 10): an unpaid pair → the contest, signed and stored → to every authority until the contest window is over → what the
 * docket says of it. Called at the end of the payment window, by the operator (contests = "ask") and by the outbox.
 */
import { z } from 'zod';
import { bare, sign } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { noCarry } from '../../core/rule/net.ts';
import { decode } from '../../core/wire/codec.ts';
import { contestRefusals, type Contest } from '../../core/wire/contest.ts';
import { hex32, url } from '../../core/wire/field.ts';
import { docketAnswer, type DocketAnswer } from '../../core/wire/verdict.ts';
import type { OutboxKind, OutboxRow } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { scheduleFor, type Office } from '../office.ts';
import { movePair } from '../pair/flow.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';
import { readPair, readPairById } from '../pair/store.ts';
import type { OwnCase } from './case.ts';
import { readCase, saveCase, voidCarry } from './store.ts';
import { contestOf } from './write.ts';

const refuse = refuser(contestRefusals);
const filing = z.strictObject({ id: hex32, authority: url });

/** What would be contested of a pair that is not paid by now, or null. */
export async function claimOf(office: Office, tx: Tx, pair: Pair): Promise<Contest | null> {
  const before = pair.interval === 0 ? null : await readPair(tx, pair.interval - 1, pair.peer);
  return contestOf(office, pair, before === null ? null : bothSigned(before));
}

/** A debtor that did not sign what it carries owes it at once. */
export function owedAtOnce(pair: Pair, { amount }: Contest): Partial<Pair> {
  if (bothSigned(pair) !== null) return {};
  const rest = pair.amount + pair.carryOut.amount + pair.forgiven - amount;
  return { amount, carryOut: noCarry, forgiven: rest > 0n ? rest : 0n };
}

/** Of a pair that has just become unpaid. */
export async function contestUnpaid(office: Office, tx: Tx, pair: Pair, body: Contest): Promise<void> {
  if ((await readCase(tx, pair.id)) !== null) return;
  const { id, interval, peer } = pair;
  const until = scheduleFor(office, interval)?.contestEnd ?? null;
  const head = { id, interval, peer, part: 'contestant', rail: body.rail, amount: body.amount, until } as const;
  const row: OwnCase = { ...head, state: 'asked', signed: null, code: null, pleaded: false, shown: null };
  await saveCase(tx, row);
  if (office.contests === 'auto') await file(office, tx, row, body);
  else office.ports.log.warn('contest-asked', { role: 'settlement', relay: peer, interval });
}

async function file(office: Office, tx: Tx, row: OwnCase, body: Contest): Promise<OwnCase> {
  const { key } = office.signer(row.interval);
  const filed: OwnCase = { ...row, state: 'filing', signed: bare(sign('contest', office.networkId, body, key)) };
  await saveCase(tx, filed);
  for (const { name, url: authority } of office.ports.network.network.authorities) {
    const message = { kind: 'contest', target: `authority ${name}`, expires: row.until ?? 0 };
    await office.put(tx, { ...message, id: `contest ${row.id} ${name}`, body: { id: row.id, authority } });
  }
  return filed;
}

/** The operator's word, where contests = "ask". */
export async function fileAsked(office: Office, tx: Tx, row: OwnCase): Promise<Result<OwnCase>> {
  const { clock } = office.ports;
  if (row.state !== 'asked') return refuse('contest-void', `${row.id}: ${row.state}`);
  if (row.until !== null && clock.now() >= row.until) return refuse('contest-late', row.id);
  const pair = await readPairById(tx, row.id);
  const body = pair?.state === 'unpaid' ? await claimOf(office, tx, pair) : null;
  return body === null ? refuse('contest-debtor', row.id) : ok(await file(office, tx, row, body));
}

export function contestKind(office: Office): OutboxKind {
  const { database, http, log } = office.ports;
  const end = async (tx: Tx, row: OutboxRow, code: string): Promise<void> => {
    const one = await readCase(tx, filingIn(row).id);
    // Another authority may have taken it.
    if (one?.state === 'filing') await saveCase(tx, { ...one, state: 'refused', code });
    log.warn('contest-not-taken', { role: 'settlement', settlement: filingIn(row).id, code });
  };
  return {
    async send(row) {
      const { id, authority } = filingIn(row);
      const [one, pair] = await database.transaction(async (tx) => [await readCase(tx, id), await readPairById(tx, id)]);
      if (one === null || one.signed === null || (pair?.state !== 'unpaid' && pair?.state !== 'contested')) return ok(null);
      return http.post(`${authority.replace(/\/$/, '')}/directory/contest`, one.signed, docketAnswer);
    },
    async done(tx, row, answer) {
      const { id } = filingIn(row);
      const [one, pair] = [await readCase(tx, id), await readPairById(tx, id)];
      if (one === null || pair === null) return;
      // It was paid before this left.
      if (answer === null) return one.state === 'filing' ? saveCase(tx, { ...one, state: 'refused', code: 'paid' }) : undefined;
      await saveCase(tx, { ...one, state: (answer as DocketAnswer).state });
      await voidPair(office, tx, pair);
      await office.schedule(tx, 'docket', office.ports.clock.now());
    },
    refused: (tx, row, refusal) => end(tx, row, refusal.code),
    expired: (tx, row) => end(tx, row, 'contest-late'),
  };
}

/** The IOUs of the pair and interval are void, and the carry with them: what was carried on is gone on both sides. */
export async function voidPair(office: Office, tx: Tx, pair: Pair, changes: Partial<Pair> = {}): Promise<Pair> {
  const { amount } = pair.carryOut;
  const voided = { carryOut: noCarry, forgiven: pair.forgiven + (amount < 0n ? -amount : amount), ...changes };
  await voidCarry(tx, pair.peer, pair.interval);
  return (await movePair(office, tx, pair, { kind: 'contested' }, voided)) ?? { ...pair };
}

function filingIn(row: OutboxRow): z.infer<typeof filing> {
  const body = decode(row.body, filing);
  invariant(body.ok, 'a filing in the outbox reads back');
  return body.value;
}
