/*
 * Closed book → statements. A closed book becomes rows and messages; what a counterpart states is checked, joined with what I
 * have, and reckoned; who is owed writes the settlement. Called by the `close` job, the outbox and http.ts.
 */
import { asStored, sign, type Signed, type Verified } from '../../core/crypto/sign.ts';
import { bookPage, type BookLine, type BookPage } from '../../core/local/messages.ts';
import { ok, refuser, type Refusal, type Result } from '../../core/refusal.ts';
import { signedSchema } from '../../core/crypto/sign.ts';
import { settlementRefusals, statement, type Statement } from '../../core/wire/settlement.ts';
import type { OutboxKind, OutboxMessage } from '../../host/outbox.ts';
import type { Tx } from '../../host/ports.ts';
import { reckonRow } from '../agree/write.ts';
import { readCarryPeers } from '../carry/store.ts';
import { callPeer, pollSec, scheduleFor, termsFor, type KnownTerms, type Office } from '../office.ts';
import { bestIou, sameIou } from '../pair/iou.ts';
import { openPair, type Pair } from '../pair/pair.ts';
import { pairWith } from '../pair/flow.ts';
import { insertPairs, readPair, readPeersAmong, savePair } from '../pair/store.ts';
import { isClosed } from '../period/flow.ts';
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
  const book = await readBook(office, interval, known);
  if (!book.ok) {
    office.ports.log.warn('book-not-read', { role: 'settlement', interval, code: book.refusal.code });
    return now + retrySec(office);
  }
  const { database } = office.ports;
  await database.transaction(async (tx) => {
    const carried = (await readCarryPeers(tx)).filter((peer) => !book.value.has(peer));
    await openRows(
      office,
      tx,
      interval,
      known,
      carried.map((peer) => ({ peer, held: null, issued: null })),
    );
  });
  return null;
}

/** The relay may just be starting. */
function retrySec(office: Office): number {
  return Math.min(60, pollSec(office));
}

/**
 * Makes the rows of each page as it comes; answers the peers that are in the book. After a crash it begins anew, and finds those that
 * are there. A relay that does not know the interval has no book of it.
 */
async function readBook(office: Office, interval: number, known: KnownTerms): Promise<Result<ReadonlySet<string>>> {
  const { http, database } = office.ports;
  const peers = new Set<string>();
  for (let after: string | null = null; ;) {
    const page: Result<BookPage> = await http.local('relay', '/relay/book', { interval, after }, bookPage, {
      answerMax: BOOK_PAGE_BYTES_MAX,
    });
    if (!page.ok) return page.refusal.code === 'book-unknown' ? ok(peers) : page;
    const { lines, next }: BookPage = page.value;
    await database.transaction((tx) => openRows(office, tx, interval, known, lines));
    for (const { peer } of lines) peers.add(peer);
    if (next === null) return ok(peers);
    after = next;
  }
}

/** A hundred lines of two IOUs at about 700 bytes each. */
const BOOK_PAGE_BYTES_MAX = 512 * 1024;

/** Those that have no statement of mine yet. */
async function openRows(office: Office, tx: Tx, interval: number, known: KnownTerms, lines: readonly BookLine[]): Promise<void> {
  const recall = await isRecovering(tx, interval);
  const there = await readPeersAmong(
    tx,
    interval,
    lines.map((line) => line.peer),
  );
  const fresh: Pair[] = [];
  for (const { peer, held, issued } of lines) {
    const row = there.has(peer) ? await readPair(tx, interval, peer) : null;
    if (row !== null && row.mine !== null) continue;
    const pair = row ?? openPair(office.networkId, interval, office.me, peer);
    // The relay verified both before it put them into its book.
    const own = { held: held && asStored(held), issued: issued && asStored(issued) };
    if (row !== null) await introduce(office, tx, { ...pair, ...own, recall }, known);
    else fresh.push(stated(office, { ...pair, ...own, recall }, known));
  }
  await insertPairs(tx, fresh);
  await office.putAll(
    tx,
    fresh.map((pair) => statementMessage(office, pair)),
  );
}

/** Saves a row with my statement, and sends it, or asks first what the counterpart holds. */
async function introduce(office: Office, tx: Tx, pair: Pair, known: KnownTerms): Promise<Pair> {
  const row = stated(office, pair, known);
  await savePair(tx, row);
  await office.put(tx, statementMessage(office, row));
  return row;
}

function stated(office: Office, pair: Pair, known: KnownTerms): Pair {
  return { ...pair, mine: writeStatement(office, pair, known) };
}

/** Or the question that comes before it. */
export function statementMessage(office: Office, { interval, peer, recall }: Pair): OutboxMessage {
  const expires = scheduleFor(office, interval)?.paymentEnd ?? 0;
  const [kind, id] = recall ? ['recall', `recall ${peer}`] : ['statement', `statement ${interval} ${peer}`];
  return { id, kind, target: peer, body: { interval, peer }, expires };
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
    const closed = await isClosed(office, tx, signed.body.interval);
    const known = await readPair(tx, signed.body.interval, from);
    const taken = checkStatement(office, from, signed, { now: clock.now(), closed, known });
    if (!taken.ok) return taken;
    const pair = await takeStatement(office, tx, from, taken.value, known);
    return pair.mine === null ? refuse('settlement-early', `interval ${pair.interval}`) : ok(pair.mine);
  });
}

/** Joins what was stated with the row as it was read; until a settlement is signed, a better one still counts. */
export async function takeStatement(
  office: Office,
  tx: Tx,
  peer: string,
  taken: TakenStatement,
  row: Pair | null,
): Promise<Pair> {
  const { interval } = taken.statement.body;
  const known = termsFor(office, interval) as KnownTerms;
  let pair = row;
  if (pair === null) {
    const recall = await isRecovering(tx, interval);
    pair = await introduce(office, tx, { ...(await pairWith(office, tx, interval, peer)), recall }, known);
  }
  if (pair.state !== 'open' && pair.state !== 'stated') return pair;
  if (pair.theirs?.signature === taken.statement.signature && pair.side !== null) return pair;
  const issued = bestIou(pair.issued, taken.issued);
  // An IOU is in my own book before it is sent: either the book was lost, or somebody else signs with my key.
  if (issued !== null && !sameIou(issued, pair.issued))
    office.ports.log.warn('iou-not-in-own-book', { role: 'settlement', relay: peer, interval });
  const joined: Pair = { ...pair, theirs: taken.statement, held: bestIou(pair.held, taken.held), issued };
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
      const name = pairNamed(row.body);
      const known = await readPair(tx, name.interval, name.peer);
      const at = { now: clock.now(), closed: true, known };
      const taken = checkStatement(office, name.peer, answer as Signed<Statement>, at);
      if (taken.ok && taken.value.statement.body.interval === name.interval) {
        await takeStatement(office, tx, name.peer, taken.value, known);
      } else if (!taken.ok) log.warn('statement-refused', refusedBy(name, taken.refusal));
    },
    async refused(_tx, row, refusal) {
      log.warn('statement-not-taken', refusedBy(pairNamed(row.body), refusal));
    },
  };
}

function refusedBy({ interval, peer }: PairName, refusal: Refusal) {
  return { role: 'settlement', relay: peer, interval, code: refusal.code } as const;
}
