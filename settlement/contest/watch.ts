/*
 * The docket as it concerns this relay: what a notice, or a consensus, names → the case, fetched and checked → the carry void → as
 * accused what there is to show, as contestant the withdrawal once it was paid. The job `docket`. Called by jobs.ts and http.ts.
 */
import type { Consensus } from '../../core/wire/consensus.ts';
import type { Done } from '../../core/local/messages.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { caseOf, fitsPair, reckonContest, verifyContest } from '../../core/rule/contest.ts';
import { isUndecided, type CaseState } from '../../core/rule/course.ts';
import { settlementId } from '../../core/wire/settlement.ts';
import { DOCKET_CASE_BYTES_MAX, docketCase, type CaseNotice, type DocketCase } from '../../core/wire/verdict.ts';
import type { Tx } from '../../host/ports.ts';
import type { Income } from '../income/flow.ts';
import { parametersFor, termsFor, type Office } from '../office.ts';
import { bothSigned, type Pair } from '../pair/pair.ts';
import { readPairById, savePair } from '../pair/store.ts';
import { dischargeAll } from '../receipt/flow.ts';
import { putAppeal, putPlea } from './appeal.ts';
import { live, type OwnCase } from './case.ts';
import { evidenceOf } from './evidence.ts';
import { voidPair } from './file.ts';
import { readCase, readCasesIn, saveCase } from './store.ts';

/** Seconds until the next try while no consensus is known. */
const NO_CONSENSUS_SEC = 5;

/** POST /settlement/contested, public: nothing is believed before the docket shows it. */
export async function answerCaseNotice(office: Office, { case: id }: CaseNotice): Promise<Result<Done>> {
  await office.ports.database.transaction(async (tx) => {
    const pair = await readPairById(tx, id);
    if (pair === null) return;
    await notice(tx, id, pair.interval, pair.peer);
    await office.schedule(tx, 'docket', office.ports.clock.now());
  });
  return ok({ done: true });
}

async function notice(tx: Tx, id: string, interval: number, peer: string): Promise<void> {
  if ((await readCase(tx, id)) !== null) return;
  const head = { id, interval, peer, part: 'accused', state: 'noticed', rail: null, amount: 0n } as const;
  await saveCase(tx, { ...head, signed: null, code: null, pleaded: false, shown: null, until: null });
}

/** The job. Comes again with the next consensus, or when a plea's time is over. */
export async function lookAtDocket(office: Office, income: Income, now: number): Promise<number> {
  const { network, database } = office.ports;
  const consensus = network.consensus();
  if (consensus === null) return now + NO_CONSENSUS_SEC;
  await database.transaction((tx) => takeNullified(office, tx, consensus.body.nullified));
  let next = Math.max(consensus.body.freshUntil, now) + 1;
  for (const row of await database.transaction((tx) => readCasesIn(tx, live))) {
    if (row.state === 'filing') continue;
    const again = await look(office, income, row, now);
    if (again !== null) next = Math.min(again, next);
  }
  return next;
}

/** The pairs that the consensus says are void, so that nothing depends on a notice. */
async function takeNullified(office: Office, tx: Tx, nullified: Consensus['nullified']): Promise<void> {
  for (const { a, b, interval } of nullified) {
    if (a !== office.me && b !== office.me) continue;
    const id = settlementId(office.networkId, interval, a, b);
    await notice(tx, id, interval, a === office.me ? b : a);
  }
}

async function look(office: Office, income: Income, row: OwnCase, now: number): Promise<number | null> {
  const shown = await fetchCase(office, row.id);
  // Without an answer: with the next consensus.
  if (shown === null || shown.about.kind !== 'contest' || !isSo(office, row.id, shown)) return null;
  const one = await office.ports.database.transaction((tx) => take(office, tx, row.id, shown));
  if (one === null) return null;
  const { state } = shown.line;
  if (one.part === 'accused') return answer(office, one, shown, now);
  if (state === 'late') {
    await income.collect(shown.line.rail);
    await dischargeAll(office);
  }
  await office.ports.database.transaction((tx) => withdraw(office, tx, one, now));
  return null;
}

async function fetchCase(office: Office, id: string): Promise<DocketCase | null> {
  for (const { url } of office.ports.network.network.authorities) {
    const address = `${url.replace(/\/$/, '')}/directory/docket/case/${id}`;
    const found = await office.ports.http.get(address, docketCase, { answerMax: DOCKET_CASE_BYTES_MAX });
    if (found.ok) return found.value;
    office.ports.log.info('case-not-read', { role: 'settlement', settlement: id, code: found.refusal.code });
  }
  return null;
}

/** Of my pair, signed by who says so, and what the IOUs come to by my own reckoning. */
function isSo(office: Office, id: string, { about }: DocketCase): boolean {
  if (about.kind !== 'contest') return false;
  const { body } = about.signed;
  const known = termsFor(office, body.interval);
  const [contestant, accused] = [body.contestant, body.accused].map((relay) => office.ports.network.descriptor(relay)?.body);
  const isMine = body.contestant === office.me || body.accused === office.me;
  if (!isMine || known === null || contestant === undefined || accused === undefined) return false;
  if (caseOf(office.networkId, body) !== id || !fitsPair(office.networkId, body)) return false;
  const verified = verifyContest({ networkId: office.networkId, contestant, accused }, about.signed);
  const good = verified.ok && reckonContest(known.terms, body).ok;
  if (!good) office.ports.log.warn('case-not-so', { role: 'settlement', settlement: id });
  return good;
}

/** Writes down what the docket says. The first time the carry goes, and a debt that I had not signed is known as it is claimed. */
async function take(office: Office, tx: Tx, id: string, { line, about }: DocketCase): Promise<OwnCase | null> {
  const row = await readCase(tx, id);
  if (row === null || about.kind !== 'contest') return null;
  const { body } = about.signed;
  const part = body.contestant === office.me ? 'contestant' : 'accused';
  const { rail, amount, state, appealBy: until } = line;
  const one: OwnCase = { ...row, part, rail, amount, state, until, signed: about.signed };
  await saveCase(tx, one);
  const pair = row.signed === null || row.state === 'noticed' ? await readPairById(tx, id) : null;
  if (pair === null) return one;
  await voidPair(office, tx, pair);
  if (part === 'accused') await knowDebt(office, tx, id, body.destination, line);
  return one;
}

/** So that the operator can pay it late. */
async function knowDebt(
  office: Office,
  tx: Tx,
  id: string,
  destination: string,
  { rail, amount }: DocketCase['line'],
): Promise<void> {
  const pair = await readPairById(tx, id);
  if (pair === null) return;
  office.ports.log.warn('contested', { role: 'settlement', relay: pair.peer, interval: pair.interval, settlement: id });
  const isOpen = pair.state === 'lapsed' && pair.payment === null && bothSigned(pair) === null;
  if (!isOpen || office.rail(rail) === null) return;
  await savePair(tx, { ...pair, side: 'debtor', rail, amount, destination, fallback: false, forgiven: 0n });
}

async function answer(office: Office, one: OwnCase, { line, about }: DocketCase, now: number): Promise<number | null> {
  if (about.kind !== 'contest' || !isOpen(line.state)) return null;
  const pair = await office.ports.database.transaction((tx) => readPairById(tx, one.id));
  if (pair === null) return null;
  const evidence = await evidenceOf(office, pair, about.signed.body);
  const best = evidence.find(({ kind }) => kind !== one.shown);
  if (best === undefined) return null;
  // A third of the time in which no answer counts: the rest is for the docket.
  const pleadBy = line.filedAt + Math.floor((line.answerBy - line.filedAt) / 3);
  const mayPlead = isUndecided(line.state) && !one.pleaded && (best.kind === 'receipt' || best.kind === 'payment');
  if (mayPlead && now < pleadBy) {
    await office.ports.database.transaction((tx) => putPlea(office, tx, one, best, pleadBy));
    return pleadBy;
  }
  await office.ports.database.transaction((tx) => putAppeal(office, tx, one, best, appealUntil(office, one, now)));
  return null;
}

/** The contestant was paid, and says so. */
async function withdraw(office: Office, tx: Tx, one: OwnCase, now: number): Promise<void> {
  const pair: Pair | null = await readPairById(tx, one.id);
  if (pair === null || pair.receipt === null || one.shown === 'receipt' || !isOpen(one.state as CaseState)) return;
  const { body, signature } = pair.receipt;
  await putAppeal(office, tx, one, { kind: 'receipt', receipt: { body, signature } }, appealUntil(office, one, now));
}

function isOpen(state: CaseState): boolean {
  return isUndecided(state) || state === 'upheld';
}

/** A payment lifts an upheld contest whenever it is shown. */
function appealUntil(office: Office, { until, interval }: OwnCase, now: number): number {
  const windowSec = parametersFor(office, interval)?.appealWindowSec ?? 0;
  return Math.max(until ?? 0, now + windowSec);
}
