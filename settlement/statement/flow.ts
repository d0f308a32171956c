/*
 * Closed book → statements. A closed book becomes rows and messages; what a counterpart states is checked, joined with what I
 * have, and reckoned; who is owed writes the settlement. Called by the `close` job, the outbox and http.ts.
 */
import { asStored, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { bookPage, type BookLine } from '../../core/local/messages.ts';
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { signedSchema } from '../../core/crypto/sign.ts';
import { settlementRefusals, statement, type Statement } from '../../core/wire/settlement.ts';
import type { OutboxKind } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { reckonRow } from '../agree/write.ts';
import { readCarryPeers } from '../carry/store.ts';
import { callPeer, pollSec, scheduleFor, termsFor, type KnownTerms, type Office } from '../office.ts';
import { bestIou } from '../pair/iou.ts';
import type { Pair } from '../pair/pair.ts';
import { pairWith } from '../pair/flow.ts';
import { readPair, savePair } from '../pair/store.ts';
import { hasPassed } from '../period/store.ts';
import { isRecovering, pairNamed, type PairName } from '../recall/store.ts';
import { checkStatement, type TakenStatement } from './decide.ts';

const refuse = refuser(settlementRefusals);
/** Of an answer: statements hold two IOUs. */
const signedStatement = signedSchema(statement);

/** The stage `close`: null when the rows are there, else when to try again. */
export async function closeBooks(office: Office, interval: number, now: number): Promise<number | null> {
  const known = termsFor(office, interval);
  if (known === null) {
    // Nobody who was there then asks me about an interval of before my time.
    const schedule = scheduleFor(office, interval);
    return schedule !== null && now >= schedule.bst ? null : now + retrySec(office);
  }
  const book = await readBook(office, interval);
  if (!book.ok) {
    office.ports.log.warn('book-not-read', { role: 'settlement', interval, code: book.refusal.code });
    return now + retrySec(office);
  }
  const { transaction } = office.ports.database;
  await transaction(async (tx) => {
    const lines = new Map(book.value.map((line) => [line.peer, line]));
    for (const peer of await readCarryPeers(tx)) {
      if (!lines.has(peer)) lines.set(peer, { peer, held: null, issued: null });
    }
    const recall = await isRecovering(tx, interval);
    for (const line of lines.values()) await openRow(office, tx, interval, known, line, recall);
  });
  return null;
}

/** The relay may just be starting. */
function retrySec(office: Office): number {
  return Math.min(60, pollSec(office));
}

/** A relay that does not know the interval has no book of it. */
async function readBook(office: Office, interval: number): Promise<Result<BookLine[]>> {
  const lines: BookLine[] = [];
  for (let after: string | null = null; ;) {
    const page: Result<{ lines: BookLine[]; next: string | null }> = await office.ports.http.local(
      'relay',
      '/relay/book',
      { interval, after },
      bookPage,
      { answerMax: BOOK_PAGE_BYTES_MAX },
    );
    if (!page.ok) return page.refusal.code === 'book-unknown' ? ok([]) : page;
    lines.push(...page.value.lines);
    if (page.value.next === null) return ok(lines);
    after = page.value.next;
  }
}

/** A hundred lines of two IOUs at about 700 bytes each. */
const BOOK_PAGE_BYTES_MAX = 512 * 1024;

async function openRow(
  office: Office,
  tx: Tx,
  interval: number,
  known: KnownTerms,
  line: BookLine,
  recall: boolean,
): Promise<void> {
  const pair = await pairWith(office, tx, interval, line.peer);
  if (pair.mine !== null) return;
  // The relay verified both before it put them into its book.
  const held = line.held && asStored(line.held);
  const issued = line.issued && asStored(line.issued);
  await introduce(office, tx, { ...pair, held, issued, recall }, known);
}

/** Saves a row with my statement, and sends it, or asks first what the counterpart holds. */
async function introduce(office: Office, tx: Tx, pair: Pair, known: KnownTerms): Promise<Pair> {
  const stated: Pair = { ...pair, mine: writeStatement(office, pair, known) };
  await savePair(tx, stated);
  await putStatement(office, tx, stated);
  return stated;
}

async function putStatement(office: Office, tx: Tx, pair: Pair): Promise<void> {
  const { interval, peer } = pair;
  const expires = scheduleFor(office, interval)?.paymentEnd ?? 0;
  const kind = pair.recall ? 'recall' : 'statement';
  const id = pair.recall ? `recall ${peer}` : `statement ${interval} ${peer}`;
  await office.put(tx, { id, kind, target: peer, body: { interval, peer }, expires });
}

function writeStatement(office: Office, pair: Pair, { terms, digest }: KnownTerms): Verified<Statement> {
  const { number, key } = office.signer(pair.interval);
  const body: Statement = {
    from: office.me,
    fromKey: number,
    to: pair.peer,
    interval: pair.interval,
    terms: digest,
    held: pair.held,
    issued: pair.issued,
    rails: office.rails.filter((rail) => terms.parameters.rails[rail] !== undefined),
  };
  return sign('statement', office.networkId, body, key);
}

/** POST /settlement/statements: answered with mine. */
export async function answerStatement(
  office: Office,
  from: string,
  signed: Signed<Statement>,
): Promise<Result<Signed<Statement>>> {
  const { database, clock } = office.ports;
  return database.transaction(async (tx) => {
    const closed = await hasPassed(tx, signed.body.interval, 'close');
    const taken = checkStatement(office, from, signed, { now: clock.now(), closed });
    if (!taken.ok) return taken;
    const pair = await takeStatement(office, tx, from, taken.value);
    return pair.mine === null ? refuse('settlement-early', `interval ${pair.interval}`) : ok(pair.mine);
  });
}

/** Joins what was stated; until a settlement is signed, a better one still counts. */
export async function takeStatement(office: Office, tx: Tx, peer: string, taken: TakenStatement): Promise<Pair> {
  const { interval } = taken.statement.body;
  const known = termsFor(office, interval) as KnownTerms;
  let pair = await readPair(tx, interval, peer);
  if (pair === null) {
    const recall = await isRecovering(tx, interval);
    pair = await introduce(office, tx, { ...(await pairWith(office, tx, interval, peer)), recall }, known);
  }
  if (pair.state !== 'open' && pair.state !== 'stated') return pair;
  if (pair.theirs?.signature === taken.statement.signature && pair.side !== null) return pair;
  const joined: Pair = {
    ...pair,
    theirs: taken.statement,
    held: bestIou(pair.held, taken.held),
    issued: bestIou(pair.issued, taken.issued),
  };
  return reckonRow(office, tx, joined);
}

export function statementKind(office: Office): OutboxKind {
  const { database, clock, log } = office.ports;
  return {
    async send(row) {
      const { interval, peer } = pairNamed(row.body);
      const pair = await database.transaction((tx) => readPair(tx, interval, peer));
      // Theirs came first and was answered with mine.
      if (pair === null || pair.mine === null || pair.theirs !== null) return ok(null);
      const call = { path: '/settlement/statements', tag: 'statement', body: pair.mine };
      return callPeer(office, peer, call, signedStatement);
    },
    async done(tx, row, answer) {
      if (answer === null) return;
      const { peer } = pairNamed(row.body);
      const taken = checkStatement(office, peer, answer as Signed<Statement>, { now: clock.now(), closed: true });
      if (taken.ok && taken.value.statement.body.interval === pairNamed(row.body).interval) {
        await takeStatement(office, tx, peer, taken.value);
      } else if (!taken.ok) log.warn('statement-refused', refusedBy(pairNamed(row.body), taken.refusal));
    },
    async refused(_tx, row, refusal) {
      log.warn('statement-not-taken', refusedBy(pairNamed(row.body), refusal));
    },
  };
}

function refusedBy({ interval, peer }: PairName, refusal: Refusal) {
  return { role: 'settlement', relay: peer, interval, code: refusal.code } as const;
}
