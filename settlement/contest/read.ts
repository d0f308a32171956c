/*
 * `ptg contest` and `ptg appeal`: this relay's cases as its operator reads them, what a filing makes public and costs, and the
 * operator's own word. Called by http.ts.
 */
import { z } from 'zod';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { appealRefusals, contestRefusals, type Contest } from '../../core/wire/contest.ts';
import { hex32 } from '../../core/wire/field.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { docketRefusals, type DocketAnswer } from '../../core/wire/verdict.ts';
import type { Tx } from '../../host/ports.ts';
import { readCarry } from '../carry/store.ts';
import type { Office } from '../office.ts';
import type { Pair } from '../pair/pair.ts';
import { readPairById } from '../pair/store.ts';
import { postAppeal, putAppeal } from './appeal.ts';
import type { OwnCase } from './case.ts';
import { appealUntil, defenceOf } from './defend.ts';
import { evidenceFor, type Held } from './evidence.ts';
import { claimNow, fileNow } from './file.ts';
import { readCase, readCases } from './store.ts';
import { fetchCase, isSo, learn } from './watch.ts';

/** Without `confirm` it is only shown what it would make public, and cost. */
export const fileQuery = z.strictObject({ id: hex32, confirm: z.boolean() });
export type FileQuery = z.infer<typeof fileQuery>;
/** `payment`: which one it was by the rail, where the books do not know it. */
export const appealQuery = z.strictObject({ case: hex32, payment: z.string().min(1).max(200).nullable() });
export type AppealQuery = z.infer<typeof appealQuery>;

const refuse = refuser({ ...docketRefusals, ...contestRefusals, ...appealRefusals });

export async function listContests(office: Office): Promise<Result<unknown>> {
  const rows = await office.ports.database.transaction((tx) => readCases(tx));
  return ok({ contests: rows.map((one) => shownCase(office, one)) });
}

export function shownCase(office: Office, one: OwnCase) {
  const { id, interval, peer, part, state, rail, amount, code, until, shown } = one;
  return { case: id, interval, peer, nickname: nicknameOf(office, peer), part, state, rail, amount, code, until, shown };
}

function nicknameOf(office: Office, peer: string): string | null {
  return office.ports.network.descriptor(peer)?.body.nickname ?? null;
}

export async function fileContest(office: Office, { id, confirm }: FileQuery): Promise<Result<unknown>> {
  return office.ports.database.transaction(async (tx) => {
    const pair = await readPairById(tx, id);
    if (pair === null) return refuse('docket-no-case', id);
    const claim = await claimNow(office, tx, pair);
    if (!claim.ok) return claim;
    const preview = await previewOf(office, tx, pair, claim.value);
    if (!confirm) return ok({ filed: false, ...preview });
    const filed = await fileNow(office, tx, pair);
    return filed.ok ? ok({ filed: true, ...preview }) : filed;
  });
}

async function previewOf(office: Office, tx: Tx, pair: Pair, body: Contest) {
  const { rail, amount, destination, interval, ground } = body;
  const carry = await readCarry(tx, pair.peer, rail);
  const head = { case: pair.id, accused: pair.peer, nickname: nicknameOf(office, pair.peer), interval };
  const ious = { held: totalsOf(pair.held), issued: totalsOf(pair.issued) };
  return {
    ...head,
    becomesPublic: { ground: ground.kind, rail, amount, destination, ...ious },
    lost: { ...ious, carry: carry.amount },
  };
}

/** By the best that there is, shown before or not; to every authority. The answer of the first that takes it. */
export async function appealNow(office: Office, { case: id, payment }: AppealQuery): Promise<Result<DocketAnswer>> {
  const { database, clock } = office.ports;
  const shown = await fetchCase(office, id);
  if (!shown.ok) return shown;
  const { about, line } = shown.value;
  if (about.kind !== 'contest' || about.signed.body.accused !== office.me) return refuse('appeal-stranger', id);
  if (!isSo(office, id, about)) return refuse('docket-no-case', id);
  const now = clock.now();
  const defence = await database.transaction(async (tx) => {
    const one = await learn(office, tx, about, line);
    return defenceOf(tx, one, about, line, now);
  });
  const found = defence === null ? [] : await evidenceFor(office, defence, [], payment);
  let last: Result<DocketAnswer> = refuse('appeal-evidence', 'no receipt, payment, carried settlement or set-off is known here');
  for (const one of chosen(found, payment)) {
    last = await show(office, id, one, now);
    if (last.ok) return last;
  }
  return last;
}

/** What the operator names goes first. */
function chosen(found: readonly Held[], payment: string | null): readonly Held[] {
  if (payment === null) return found;
  return [...found].sort((a, b) => Number(b.evidence.kind === 'payment') - Number(a.evidence.kind === 'payment'));
}

/** Written, and in the outbox for every authority, before it is posted: the same again is answered the same. */
async function show(office: Office, id: string, held: Held, now: number): Promise<Result<DocketAnswer>> {
  const appeal = await office.ports.database.transaction(async (tx) => {
    const row = await readCase(tx, id);
    return row === null ? null : putAppeal(office, tx, row, held, appealUntil(office, row, now));
  });
  let last: Result<DocketAnswer> = refuse('docket-no-case', id);
  if (appeal === null) return last;
  for (const { url } of office.ports.network.network.authorities) {
    last = await postAppeal(office, url, appeal);
    if (last.ok) return last;
  }
  return last;
}
