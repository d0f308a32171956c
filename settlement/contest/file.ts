/*
 * Filing (rule 10): an unpaid pair → the contest, signed once and stored → to every authority until the contest window is over → what
 * the docket says of it. Called at the end of the payment window, by the operator (contests = "ask") and by the outbox.
 */
import { z } from 'zod';
import { bare, sign } from '../../core/crypto/sign.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { noCarry } from '../../core/rule/net.ts';
import { decode } from '../../core/wire/codec.ts';
import { contestRefusals, type Contest } from '../../core/wire/contest.ts';
import { sameFamily } from '../../core/wire/descriptor.ts';
import { hex32, url } from '../../core/wire/field.ts';
import { docketAnswer, type DocketAnswer } from '../../core/wire/verdict.ts';
import { placeAt } from '../../host/http/place.ts';
import type { OutboxKind, OutboxRow } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { scheduleFor, type Office } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';
import { readPair, readPairById } from '../pair/store.ts';
import { newCase, type OwnCase } from './case.ts';
import { isVoid, readCase, saveCase } from './store.ts';
import { voidPair } from './void.ts';
import { contestOf } from './write.ts';

const refuse = refuser(contestRefusals);
const filing = z.strictObject({ id: hex32, authority: url });

/** What would be contested of a pair that is not paid by now, or null. */
export async function claimOf(office: Office, tx: Tx, pair: Pair): Promise<Contest | null> {
  const before = pair.interval === 0 ? null : await readPair(tx, pair.interval - 1, pair.peer);
  const isLeft = before !== null && !(await isVoid(tx, before.id));
  return contestOf(office, tx, pair, isLeft ? bothSigned(before) : null);
}

/** A debtor that did not sign what it carries owes it at once. */
export function owedAtOnce(pair: Pair, { amount, destination }: Contest): Partial<Pair> {
  if (bothSigned(pair) !== null) return {};
  const rest = pair.amount + pair.carryOut.amount + pair.forgiven - amount;
  return { amount, destination, carryOut: noCarry, forgiven: rest > 0n ? rest : 0n };
}

/** Of pairs that have just become unpaid: the largest first, since there may be a quota. Within a family nobody contests. */
export async function contestUnpaid(office: Office, tx: Tx, unpaid: readonly { pair: Pair; body: Contest }[]): Promise<void> {
  const largestFirst = [...unpaid].sort((a, b) => (a.body.amount > b.body.amount ? -1 : a.body.amount < b.body.amount ? 1 : 0));
  for (const { pair, body } of largestFirst) {
    if (isFamily(office, pair.peer) || (await readCase(tx, pair.id)) !== null) continue;
    const row = await ask(office, tx, pair, body);
    if (office.contests === 'auto') await file(office, tx, row, body);
    else office.ports.log.warn('contest-asked', { role: 'settlement', relay: pair.peer, interval: pair.interval });
  }
}

function isFamily({ me, ports: { network } }: Office, peer: string): boolean {
  const [own, other] = [network.descriptor(me), network.descriptor(peer)];
  return own !== null && other !== null && sameFamily(own.body, other.body);
}

async function ask(office: Office, tx: Tx, { id, interval, peer }: Pair, { rail, amount }: Contest): Promise<OwnCase> {
  const until = scheduleFor(office, interval)?.contestEnd ?? 0;
  const row: OwnCase = { ...newCase({ id, interval, peer, part: 'contestant', state: 'asked' }), rail, amount, until };
  await saveCase(tx, row);
  await office.schedule(tx, 'docket', until);
  return row;
}

async function file(office: Office, tx: Tx, row: OwnCase, body: Contest): Promise<OwnCase> {
  const { key } = office.signer(row.interval);
  const signed = bare(sign('contest', office.networkId, body, key));
  const filed: OwnCase = { ...row, state: 'filing', rail: body.rail, amount: body.amount, signed, code: null };
  await saveCase(tx, filed);
  for (const { name, url: authority } of office.ports.network.network.authorities) {
    const message = { kind: 'contest', target: `authority ${name}`, expires: row.until ?? 0 };
    await office.put(tx, { ...message, id: `contest ${row.id} ${name}`, body: { id: row.id, authority } });
  }
  return filed;
}

/** The operator's word: of what was asked, or refused before. */
export async function fileNow(office: Office, tx: Tx, pair: Pair): Promise<Result<OwnCase>> {
  const claim = await claimNow(office, tx, pair);
  if (!claim.ok) return claim;
  const row = (await readCase(tx, pair.id)) ?? (await ask(office, tx, pair, claim.value));
  return ok(await file(office, tx, row, claim.value));
}

export async function claimNow(office: Office, tx: Tx, pair: Pair): Promise<Result<Contest>> {
  const now = office.ports.clock.now();
  const row = await readCase(tx, pair.id);
  if (row !== null && row.state !== 'asked' && row.state !== 'refused') return refuse('contest-void', `${pair.id}: ${row.state}`);
  const { paymentEnd = Infinity, contestEnd = 0 } = scheduleFor(office, pair.interval) ?? {};
  if (now < paymentEnd) return refuse('contest-early', `until ${paymentEnd}`);
  if (now >= contestEnd) return refuse('contest-late', `since ${contestEnd}`);
  const body = pair.state === 'unpaid' ? await claimOf(office, tx, pair) : null;
  return body === null ? refuse('contest-debtor', `${pair.id}: ${pair.state}`) : ok(body);
}

export function contestKind(office: Office): OutboxKind {
  const { database, http, log, clock } = office.ports;
  const end = async (tx: Tx, row: OutboxRow, code: string): Promise<void> => {
    const { id } = filingIn(row);
    const one = await readCase(tx, id);
    // Another authority may have taken it.
    if (one?.state === 'filing') await saveCase(tx, { ...one, state: 'refused', code });
    log.warn('contest-not-taken', { role: 'settlement', settlement: id, code });
    // The counterpart may have been first.
    await office.schedule(tx, 'docket', clock.now());
  };
  return {
    async send(row) {
      const { id, authority } = filingIn(row);
      const [one, pair] = await database.transaction(async (tx) => [await readCase(tx, id), await readPairById(tx, id)]);
      if (one === null || one.signed === null || (pair?.state !== 'unpaid' && pair?.state !== 'contested')) return ok(null);
      return http.post(placeAt(authority, '/directory/contest'), one.signed, docketAnswer);
    },
    async done(tx, row, answer) {
      const { id } = filingIn(row);
      const [one, pair] = [await readCase(tx, id), await readPairById(tx, id)];
      if (one === null || pair === null) return;
      // It was paid, or signed, before this left.
      if (answer === null) return one.state === 'filing' ? saveCase(tx, { ...one, state: 'refused' }) : undefined;
      await saveCase(tx, { ...one, state: (answer as DocketAnswer).state, code: null });
      await voidPair(office, tx, pair);
      await office.schedule(tx, 'docket', clock.now());
    },
    refused: (tx, row, refusal) => end(tx, row, refusal.code),
    expired: (tx, row) => end(tx, row, 'contest-late'),
  };
}

function filingIn(row: OutboxRow): z.infer<typeof filing> {
  const body = decode(row.body, filing);
  invariant(body.ok, 'a filing in the outbox reads back');
  return body.value;
}
