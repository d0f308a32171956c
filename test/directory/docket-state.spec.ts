import { expect } from 'chai';
import { DOCKET_PAGE_MAX } from '../../core/limits.ts';
import type { Result } from '../../core/refusal.ts';
import { encode, shaped } from '../../core/wire/codec.ts';
import { complaintId } from '../../core/wire/complaint.ts';
import { docketCase, docketChanges, docketPage, relayRecord, type DocketChanges } from '../../core/wire/verdict.ts';
import { changesAfter, pageOf } from '../../directory/docket/decide.ts';
import { createDocket } from '../../directory/docket/flow.ts';
import { openBook, type Book } from '../../directory/log/flow.ts';
import { readEntry, type LogEntry } from '../../directory/log/entry.ts';
import { standings } from '../../directory/standing/order.ts';
import { emptyState, fold, foldAll, type DirectoryState } from '../../directory/state/decide.ts';
import type { Verdicts } from '../../directory/verdict/flow.ts';
import type { Clock } from '../../host/ports.ts';
import { networkId, testKey } from '../harness/view.ts';
import { GENESIS } from './given.ts';
import {
  accountDestination,
  caseOf,
  codeOf,
  freshOf,
  givenDocket,
  idOf,
  stateOf,
  subscriber,
  valueOf,
  withdrawal,
  type Docket,
} from './filed.ts';

describe('directory/docket', () => {
  let docket: Docket;
  /** A case in each state that there is, contests and complaints. */
  beforeEach(async () => {
    docket = await givenDocket(['a', 'b', 'c', 'd', 'g'], { reportsPerInterval: 0, contestWindowSec: 200 });
    const { authority } = docket;
    for (const against of ['b', 'c', 'd', 'g']) valueOf(await docket.file(await docket.contest('a', against)));
    valueOf(await docket.file(await docket.contest('b', 'c')));
    const receipt = (by: string, against: string) =>
      docket.receipt(by, against, { at: GENESIS + 500, payment: `of ${by} and ${against}` });
    await docket.appeal('a', caseOf('a', 'b'), { kind: 'receipt', receipt: receipt('a', 'b') });
    const proof = docket.pay(freshOf('a'), 1000n);
    await docket.appeal('c', caseOf('a', 'c'), { kind: 'payment', proof, settlement: null });
    await docket.appeal('g', caseOf('a', 'g'), { kind: 'set-off', iou: await docket.iou('a', 'g', 1n, { serial: 4n }) });
    await docket.appeal('c', caseOf('b', 'c'), { kind: 'receipt', receipt: receipt('b', 'c') });
    const request = withdrawal('g', 'aa', 1000n, GENESIS + 400);
    expect(await docket.complain('g', { about: { kind: 'withdrawal', request } })).equal('open');
    await authority.goTo(GENESIS + 640);
    const deposit = docket.pay(accountDestination, 5n, GENESIS + 500);
    expect(await docket.complain('g', { about: { kind: 'deposit', proof: deposit } })).equal('open');
    const deposits = [{ payment: '1', amount: 5n, at: GENESIS + 510 }];
    const account = docket.account('g', { serial: 4n, deposits, deposited: 5005n, at: GENESIS + 510 });
    const id = complaintId(networkId, idOf('g'), subscriber, '1');
    expect(await docket.answer('g', id, { kind: 'account', account })).equal('dismissed');
    valueOf(await docket.file(await docket.contest('d', 'g')));
    await docket.appeal('g', caseOf('d', 'g'), { kind: 'set-off', iou: await docket.iou('d', 'g', 1n, { serial: 4n }) });
    valueOf(await docket.file(await docket.contest('c', 'd')));
    valueOf(await authority.publish('a', { published: GENESIS + 630, rails: [{ rail: 'ledger', fallback: 'elsewhere' }] }));
    await authority.goTo(GENESIS + 660);
  });
  afterEach(() => docket.authority.close());

  const stateNow = async (): Promise<DirectoryState> => {
    const { clock, database } = docket.authority;
    return (await openBook({ clock, database }, networkId, testKey('authority'))).state();
  };
  const changes = async (after?: bigint): Promise<DocketChanges> =>
    valueOf(
      (await docket.authority.call(
        '/directory/docket/changes',
        after === undefined ? {} : { after: `${after}` },
      )) as Result<DocketChanges>,
    );
  /** As text, so that maps and sets are compared with what is in them. */
  const shown = (state: DirectoryState): string =>
    encode({
      ...state,
      ...{ relays: [...state.relays], terms: [...state.terms], cases: [...state.cases], guards: [...state.guards] },
      guardsOf: [...state.guardsOf].map(([interval, ids]) => [interval, [...ids]]),
    });

  it('folds from the pages of its log, one by one or together, to what the role knows', async () => {
    const entries: LogEntry[] = (await docket.authority.entries()).map((entry) => readEntry(encode(entry)));
    expect(new Set(entries.map((entry) => entry.kind)).size).equal(10);
    const folded = foldAll(emptyState, entries);
    expect(folded).deep.equal(await stateNow());
    let state = emptyState;
    const before: [DirectoryState, string][] = [];
    for (const entry of entries) {
      before.push([state, shown(state)]);
      state = fold(state, entry);
    }
    expect(state).deep.equal(folded);
    for (const [of, text] of before) expect(shown(of)).equal(text);
    expect(folded.size).equal(entries.length);
    expect(new Set([...folded.cases.values()].map((one) => one.state))).deep.equal(
      new Set(['withdrawn', 'late', 'upheld', 'dismissed', 'open', 'answered']),
    );
    // What `ptg relay NAME --explain` reckons from a log that it fetched is what the authority says.
    for (const name of ['a', 'b', 'c', 'd', 'g']) {
      const { place, of, reporters, ...figures } = await docket.record(name);
      const all = standings(folded, docket.authority.clock.now());
      expect([all[place - 1], all.length, reporters >= 0]).deep.equal([figures, of, true]);
    }
  });

  it('knows the same after a restart, cases, verdicts, flags and all', async () => {
    const all = async () => {
      const { cases } = await docket.page();
      const whole = await Promise.all(cases.map((one) => docket.one(one.case)));
      return encode([cases, whole, await changes(), await docket.record('a'), await docket.guards()]);
    };
    const before = await all();
    await docket.authority.restart();
    await docket.authority.settle();
    expect(await all()).equal(before);
  });

  it('answers in the shapes that are written', async () => {
    const { call } = docket.authority;
    const wire = (answer: Result<unknown>) => JSON.parse(encode(valueOf(answer)));
    expect(shaped(wire(await call('/directory/docket')), docketPage).ok).equal(true);
    expect(shaped(wire(await call('/directory/docket/changes')), docketChanges).ok).equal(true);
    expect(shaped(wire(await call('/directory/docket/record/:relay', { relay: 'G' })), relayRecord).ok).equal(true);
    for (const one of (await docket.page()).cases) {
      const answer = await call('/directory/docket/case/:case', { case: one.case });
      expect(shaped(wire(answer), docketCase).ok).equal(true);
    }
    const none = { case: '00'.repeat(32) };
    expect(codeOf(await call('/directory/docket/case/:case', none))).equal('docket-no-case');
    expect(codeOf(await call('/directory/docket/verdict/:case', none))).equal('docket-no-case');
  });

  it('lists of one relay what it filed and what is against it, and of a subscriber nothing', async () => {
    const of = async (relay: string) => (await docket.page({ relay })).cases.map((one) => one.case);
    expect(await of(idOf('a'))).deep.equal(['g', 'd', 'c', 'b'].map((name) => caseOf('a', name)));
    expect(await of(idOf('g'))).have.length(4);
    expect(await of(idOf('d'))).deep.equal([caseOf('c', 'd'), caseOf('d', 'g'), caseOf('a', 'd')]);
    expect(await of(subscriber)).deep.equal([]);
  });

  it('tells of changes, oldest first, from any of them on', async () => {
    const all = await changes();
    expect(all.changes.map((one) => one.id)).deep.equal([...all.changes.map((one) => one.id)].sort((a, b) => Number(a - b)));
    expect(all.last).equal(all.changes.at(-1)!.id);
    for (const [index, { id }] of all.changes.entries()) {
      expect((await changes(id)).changes).deep.equal(all.changes.slice(index + 1));
    }
    expect(await changes(all.last!)).deep.equal({ changes: [], last: all.last });
    const entries = await docket.authority.entries();
    const inLog = entries.filter((entry) => ['contest', 'appeal', 'complaint', 'answer', 'verdict'].includes(entry.kind));
    expect(all.changes).have.length(inLog.length);
    const counts = (of: string) => all.changes.filter((one) => one.case === of).map((one) => one.what);
    expect(counts(caseOf('d', 'g'))).deep.equal(['filed', 'answered']);
    expect(stateOf(await docket.appeal('g', caseOf('d', 'g'), { kind: 'receipt', receipt: docket.receipt('d', 'g') }))).equal(
      'late',
    );
    expect((await changes(all.last!)).changes.map((one) => one.what)).deep.equal(['answered', 'decided']);
  });

  it('pages through many, each once', async () => {
    const state = await stateNow();
    const cases = [...state.cases.values()];
    const many = new Map(
      Array.from({ length: 2 * DOCKET_PAGE_MAX + 3 }, (_, index) => [`${index}`, { ...cases[index % 9]!, id: `${index}` }]),
    );
    const filed = [...many.values()].map((one, index) => ({
      ...{ id: BigInt(10 * index + 1), at: 1, what: 'filed' as const, case: one.id, state: one.state, reason: null },
    }));
    const long = { ...state, cases: many, changes: filed };
    const seen: string[] = [];
    let before: bigint | null = null;
    do {
      const page = pageOf(long, { before, relay: null }, GENESIS);
      expect(page.cases.length).most(DOCKET_PAGE_MAX);
      seen.push(...page.cases.map((one) => one.case));
      before = page.before;
    } while (before !== null);
    expect(seen).deep.equal([...many.keys()].reverse());
    const followed: bigint[] = [];
    for (let after: bigint | null = null; ;) {
      const page = changesAfter(long, after);
      followed.push(...page.changes.map((one) => one.id));
      if (page.changes.length === 0) break;
      after = page.last;
    }
    expect(followed).deep.equal(filed.map((one) => one.id));
    const exact = { ...long, changes: filed.slice(0, DOCKET_PAGE_MAX) };
    expect(pageOf(exact, { before: null, relay: null }, GENESIS).before).equal(null);
  });

  it('reckons the records of all once a second, however often somebody asks, and anew when the log has grown', async () => {
    let reckoned = 0;
    const counted = (state: DirectoryState): DirectoryState => ({
      ...state,
      terms: Object.assign(new Map(state.terms), { values: () => ((reckoned += 1), state.terms.values()) }),
    });
    let [state, now] = [counted(await stateNow()), docket.authority.clock.now()];
    const read = createDocket({ clock: { now: () => now } as Clock }, { state: () => state } as Book, {} as Verdicts);
    const before = valueOf(read.record('g'));
    for (const name of ['g', 'a', 'b', 'g']) expect(read.record(name).ok).equal(true);
    expect([reckoned, read.record('g')]).deep.equal([1, { ok: true, value: before }]);
    state = counted(fold(state, { kind: 'probe', at: now, reached: [], missed: [] }));
    read.record('g');
    now += 1;
    expect(valueOf(read.record('g'))).deep.equal(before);
    expect(reckoned).equal(3);
  });

  it('reads a log from before the docket: nobody has Guard until its first consensus', () => {
    const old = { kind: 'consensus' as const, at: 5, digest: '00'.repeat(32), validAfter: 5 };
    expect(readEntry(encode(old))).deep.equal(old);
    expect(fold(emptyState, old).guards.size).equal(0);
    const guards = { gained: ['11'.repeat(32)], lost: [] };
    expect([...fold(emptyState, { ...old, guards }).guards]).deep.equal(guards.gained);
  });
});
