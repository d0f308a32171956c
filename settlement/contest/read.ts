/*
 * `ptg contest` and `ptg appeal`: this relay's cases as its operator reads them, what a filing makes public and costs, and the
 * operator's own word. Called by http.ts.
 */
import { z } from 'zod';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { appealRefusals } from '../../core/wire/contest.ts';
import { hex32 } from '../../core/wire/field.ts';
import { totalsOf } from '../../core/wire/iou.ts';
import { docketAnswer, docketRefusals, type DocketAnswer } from '../../core/wire/verdict.ts';
import type { Office } from '../office.ts';
import { readPairById } from '../pair/store.ts';
import { signAppeal } from './appeal.ts';
import type { OwnCase } from './case.ts';
import { evidenceOf } from './evidence.ts';
import { claimOf, fileAsked } from './file.ts';
import { readCase, readCases, saveCase } from './store.ts';

export const fileQuery = z.strictObject({ id: hex32, confirm: z.boolean() });
export type FileQuery = z.infer<typeof fileQuery>;
/** `payment`: which one it was by the rail, where the books do not know it. */
export const appealQuery = z.strictObject({ case: hex32, payment: z.string().min(1).max(200).nullable() });
export type AppealQuery = z.infer<typeof appealQuery>;

const refuse = refuser(docketRefusals);
const refuseAppeal = refuser(appealRefusals);

export async function listContests(office: Office): Promise<Result<unknown>> {
  const rows = await office.ports.database.transaction((tx) => readCases(tx));
  return ok({ contests: rows.map((one) => shownCase(office, one)) });
}

export function shownCase(office: Office, one: OwnCase) {
  const { id, interval, peer, part, state, rail, amount, code, until } = one;
  const nickname = office.ports.network.descriptor(peer)?.body.nickname ?? null;
  return { case: id, interval, peer, nickname, part, state, rail, amount, code, until };
}

/** Without `confirm` nothing is filed. */
export async function fileContest(office: Office, { id, confirm }: FileQuery): Promise<Result<unknown>> {
  return office.ports.database.transaction(async (tx) => {
    const one = await readCase(tx, id);
    if (one === null || one.part !== 'contestant') return refuse('docket-no-case', id);
    if (confirm) {
      const filed = await fileAsked(office, tx, one);
      return filed.ok ? ok({ filed: true, contest: shownCase(office, filed.value) }) : filed;
    }
    const pair = await readPairById(tx, id);
    const body = pair === null ? null : await claimOf(office, tx, pair);
    return ok({
      filed: false,
      contest: shownCase(office, one),
      becomesPublic:
        pair === null || body === null
          ? null
          : {
              accused: pair.peer,
              interval: pair.interval,
              rail: body.rail,
              amount: body.amount,
              destination: body.destination,
              held: totalsOf(pair.held),
              issued: totalsOf(pair.issued),
            },
    });
  });
}

/** To every authority, now. The first answer that is one. */
export async function appealNow(office: Office, query: AppealQuery): Promise<Result<DocketAnswer>> {
  const { database, http, network } = office.ports;
  const [one, pair] = await database.transaction(async (tx) => [
    await readCase(tx, query.case),
    await readPairById(tx, query.case),
  ]);
  if (one === null || one.signed === null || pair === null || one.part !== 'accused') return refuse('docket-no-case', query.case);
  let last: Result<DocketAnswer> = refuseAppeal('appeal-evidence', 'there is no receipt, payment, carried settlement or set-off');
  for (const evidence of await evidenceOf(office, pair, one.signed.body, query.payment)) {
    const appeal = signAppeal(office, one, evidence);
    for (const { url } of network.network.authorities) {
      const answer = await http.post(`${url.replace(/\/$/, '')}/directory/appeal`, appeal, docketAnswer);
      if (answer.ok || last.ok === false) last = answer;
      if (!answer.ok) continue;
      const { state } = answer.value;
      await database.transaction((tx) => saveCase(tx, { ...one, state, shown: evidence.kind, code: null }));
    }
    if (last.ok) return last;
  }
  return last;
}
