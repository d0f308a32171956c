/*
 * The docket as it concerns this relay: what a notice, or a consensus, names → the case, fetched and checked → the pair void →
 * what is done about it (defend.ts). The job `docket`. Called by jobs.ts, main.ts, http.ts and read.ts.
 */
import type { Consensus } from '../../core/wire/consensus.ts';
import type { Done } from '../../core/local/messages.ts';
import { NOTICED_PER_LOOK_MAX, NOTICES_MAX } from '../../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../../core/refusal.ts';
import { caseOf, fitsPair, reckonContest, verifyContest } from '../../core/rule/contest.ts';
import { settlementId } from '../../core/wire/settlement.ts';
import {
  DOCKET_CASE_BYTES_MAX,
  docketCase,
  docketRefusals,
  type CaseNotice,
  type DocketCase,
  type DocketLine,
} from '../../core/wire/verdict.ts';
import { placeAt } from '../../host/http/place.ts';
import type { Tx } from '../../host/ports.ts';
import type { Income } from '../income/flow.ts';
import { parametersFor, pollSec, scheduleFor, termsFor, type Office } from '../office.ts';
import { readPairById } from '../pair/store.ts';
import { live, type OwnCase } from './case.ts';
import { clearOfLate, defend, withdraw } from './defend.ts';
import { hasNewPayment, type ContestAbout } from './evidence.ts';
import { forgetNotice, noticeCase, readCase, readCasesIn, saveCase } from './store.ts';
import { knowClaim, knowDebt, voidPair } from './void.ts';

const refuse = refuser(docketRefusals);

/** What notices have told since the docket was last looked at. In memory: a stranger's word leaves no row, and a consensus names all. */
interface Told {
  lookedAt: number;
  readonly ids: Set<string>;
}
const notices = new WeakMap<Office, Told>();

function toldTo(office: Office): Told {
  const known = notices.get(office) ?? { lookedAt: 0, ids: new Set<string>() };
  notices.set(office, known);
  return known;
}

/** Seconds between two looks that notices bring about. */
function noticeSec(office: Office): number {
  return pollSec(office, (parameters) => parameters.answerWindowSec);
}

/** Whether enough time has gone by since the last one. Of a clock that was ahead nothing is believed. */
function mayLook(office: Office): boolean {
  const now = office.ports.clock.now();
  const { lookedAt } = toldTo(office);
  return lookedAt > now || now >= lookedAt + noticeSec(office);
}

/** POST /settlement/contested, public: nothing is believed before the docket shows it. */
export async function answerCaseNotice(office: Office, { case: id }: CaseNotice): Promise<Result<Done>> {
  const { ids } = toldTo(office);
  await office.ports.database.transaction(async (tx) => {
    if (ids.size >= NOTICES_MAX || (await readPairById(tx, id)) === null) return;
    ids.add(id);
    // Else the clock brings it about.
    if (mayLook(office)) await office.schedule(tx, 'docket', office.ports.clock.now());
  });
  return ok({ done: true });
}

/** The job, on each consensus, and when something of a case has changed. The second at which a wait is over, or null. */
export async function lookAtDocket(office: Office, income: Income, now: number): Promise<number | null> {
  const { network, database } = office.ports;
  const consensus = network.consensus();
  // Of a node that is only read, the clock stands still before all time.
  if (consensus === null || now < (parametersFor(office, -1)?.genesis ?? 0)) return null;
  const told = toldTo(office);
  told.lookedAt = now;
  const some = [...told.ids].slice(0, NOTICED_PER_LOOK_MAX);
  const { rows, isLeft } = await database.transaction(async (tx) => {
    const named = await takeNullified(office, tx, consensus.body.nullified);
    for (const id of some) {
      const pair = named.has(id) ? null : await readPairById(tx, id);
      if (pair !== null) await noticeCase(tx, { id, interval: pair.interval, peer: pair.peer });
    }
    return atOnce(await readCasesIn(tx, ['asked', 'late', ...live]), named);
  });
  for (const id of some) told.ids.delete(id);
  let next: number | null = isLeft ? now + noticeSec(office) : null;
  for (const row of rows) {
    const again = row.state === 'asked' ? await waitForWord(office, row, now) : await attend(office, income, row, now);
    if (again !== null) next = Math.min(again, next ?? again);
  }
  return next;
}

/** All that an authority has shown or a consensus names; of those that only a notice has told of a few, the rest next time. */
function atOnce(rows: readonly OwnCase[], named: ReadonlySet<string>): { rows: readonly OwnCase[]; isLeft: boolean } {
  const isTold = (row: OwnCase) => row.state === 'noticed' && !named.has(row.id);
  const told = rows.filter(isTold);
  const chosen = [...rows.filter((row) => !isTold(row)), ...told.slice(0, NOTICED_PER_LOOK_MAX)];
  return { rows: chosen, isLeft: told.length > NOTICED_PER_LOOK_MAX };
}

/** The pairs that the consensus says are void, so that nothing depends on a notice; their ids. */
async function takeNullified(office: Office, tx: Tx, nullified: Consensus['nullified']): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const { a, b, interval } of nullified) {
    if (a !== office.me && b !== office.me) continue;
    const id = settlementId(office.networkId, interval, a, b);
    await noticeCase(tx, { id, interval, peer: a === office.me ? b : a });
    named.add(id);
  }
  return named;
}

/** What the operator did not say in time is not filed any more; what was paid meanwhile need not be. */
async function waitForWord(office: Office, row: OwnCase, now: number): Promise<number | null> {
  return office.ports.database.transaction(async (tx) => {
    const [one, pair] = [await readCase(tx, row.id), await readPairById(tx, row.id)];
    if (one?.state !== 'asked') return null;
    const isLate = now >= (one.until ?? 0);
    if (!isLate && pair?.state === 'unpaid') return one.until;
    await saveCase(tx, { ...one, state: 'refused', code: isLate ? 'contest-late' : null });
    return null;
  });
}

async function attend(office: Office, income: Income, row: OwnCase, now: number): Promise<number | null> {
  const { database } = office.ports;
  // The outbox brings its answer.
  if (row.state === 'filing') return null;
  const pair = await database.transaction((tx) => readPairById(tx, row.id));
  const isNew = pair !== null && hasNewPayment(pair, row.shown);
  if (row.state === 'upheld' && !isNew && now >= (scheduleFor(office, row.interval)?.appealEnd ?? 0)) return null;
  // An end, once nothing can clear it any more.
  if (row.state === 'late' && now >= (row.until ?? 0)) return null;
  const shown = await fetchCase(office, row.id);
  // Whoever says that there is a case where none is, is heard once.
  if (!shown.ok) {
    if (row.state === 'noticed' && shown.refusal.code === 'docket-no-case')
      await database.transaction((tx) => forgetNotice(tx, row));
    return null;
  }
  const { about, line } = shown.value;
  if (about.kind !== 'contest' || !isSo(office, row.id, about)) return null;
  const one = await database.transaction((tx) => take(office, tx, row.id, about, line));
  if (one === null) return null;
  if (one.part === 'contestant') return withdraw(office, income, one, line, now);
  return line.state === 'late' ? clearOfLate(office, one, about, line, now) : defend(office, one, about, line, now);
}

/** The first authority that has it. */
export async function fetchCase(office: Office, id: string): Promise<Result<DocketCase>> {
  let last: Result<DocketCase> = refuse('docket-no-case', id);
  for (const { url } of office.ports.network.network.authorities) {
    const address = placeAt(url, `/directory/docket/case/${id}`);
    const found = await office.ports.http.get(address, docketCase, { answerMax: DOCKET_CASE_BYTES_MAX });
    if (found.ok) return found;
    // That nobody has it is known only when all have said so.
    if (last.ok || last.refusal.code === 'docket-no-case') last = found;
  }
  return last;
}

/** Of my pair, signed by who says so, and what the IOUs come to by my own reckoning. */
export function isSo(office: Office, id: string, about: ContestAbout): boolean {
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

/** Of a case that this relay may not have heard of yet. */
export async function learn(office: Office, tx: Tx, about: ContestAbout, line: DocketLine): Promise<OwnCase> {
  const { interval, contestant, accused } = about.signed.body;
  await noticeCase(tx, { id: line.case, interval, peer: contestant === office.me ? accused : contestant });
  const one = await take(office, tx, line.case, about, line);
  invariant(one !== null, 'a case was noticed');
  return one;
}

/** Writes down what the docket says, and what it does to the pair. */
async function take(office: Office, tx: Tx, id: string, { signed }: ContestAbout, line: DocketLine): Promise<OwnCase | null> {
  const row = await readCase(tx, id);
  if (row === null) return null;
  const { body } = signed;
  const part = body.contestant === office.me ? 'contestant' : 'accused';
  const { rail, amount, state, appealBy: until } = line;
  const one: OwnCase = { ...row, part, rail, amount, state, until, signed };
  await saveCase(tx, one);
  const { interval, peer } = one;
  if (row.state === 'noticed' && part === 'accused')
    office.ports.log.warn('contested', { role: 'settlement', relay: peer, interval, settlement: id });
  if (part === 'accused') await knowDebt(office, tx, { interval, peer }, body, amount);
  else {
    const pair = await readPairById(tx, id);
    if (pair !== null) await voidPair(office, tx, pair);
    else if (state !== 'dismissed' && state !== 'withdrawn') await knowClaim(office, tx, peer, body, amount);
  }
  return one;
}

export interface DocketWatch {
  busy(): boolean;
  stop(): Promise<void>;
}

/** Each consensus may name a pair of mine, or end a case; and notices wait until it is time for a look. */
export function watchDocket(office: Office): DocketWatch {
  const { network, database, clock, log } = office.ports;
  const asking = new Set<Promise<void>>();
  const look = (): void => {
    const one = database
      .transaction((tx) => office.schedule(tx, 'docket', clock.now()))
      .catch((thrown: unknown) => log.error('docket-not-asked', { role: 'settlement', error: String(thrown) }))
      .finally(() => asking.delete(one));
    asking.add(one);
  };
  const unhook = network.onConsensus(look);
  // What notices have told since the last look: anybody's word leaves no row behind, not even a job's.
  const unwake = clock.onWake(() => {
    if (toldTo(office).ids.size > 0 && asking.size === 0 && mayLook(office)) look();
  });
  return {
    busy: () => asking.size > 0,
    async stop() {
      unhook();
      unwake();
      await Promise.all(asking);
    },
  };
}
