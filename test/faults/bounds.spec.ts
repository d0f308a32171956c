/*
 * What strangers can put on the docket, and make others fetch, has limits: contests of a relay, pairs in a consensus, complaints of a
 * subscriber and about a guard, cases that a notice tells of.
 */
import { expect } from 'chai';
import type { Signed } from '../../core/crypto/sign.ts';
import {
  AUTHORITIES_MAX,
  COMPLAINTS_MAX,
  COMPLAINTS_OF_GUARD_MAX,
  COMPLAINTS_OF_SUBSCRIBER_MAX,
  CONSENSUS_BYTES_MAX,
  CONTESTS_OF_RELAY_MAX,
  NOTICED_PER_LOOK_MAX,
  NULLIFIED_MAX,
  RELAYS_MAX,
} from '../../core/limits.ts';
import { GIB } from '../../core/rule/price.ts';
import type { CaseState } from '../../core/rule/course.ts';
import type { Case } from '../../core/rule/verdict.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import type { Complaint } from '../../core/wire/complaint.ts';
import { consensusDocument } from '../../core/wire/consensus.ts';
import { settlementId } from '../../core/wire/settlement.ts';
import { acceptComplaint } from '../../directory/complaint/decide.ts';
import { screenContest } from '../../directory/contest/decide.ts';
import { openBook } from '../../directory/log/flow.ts';
import type { DirectoryState } from '../../directory/state/decide.ts';
import { openRails, railRules } from '../../rail/rails.ts';
import { codeOf, givenDocket, idOf, subscriber, valueOf, withdrawal, type Docket } from '../directory/filed.ts';
import { GENESIS, network } from '../directory/given.ts';
import { networkId, testKey, testParameters, testTerms } from '../harness/view.ts';
import { openWorld, pairsOf, type World } from '../settlement/world.ts';

const hex = (n: number) => n.toString(16).padStart(64, '0');

describe('a consensus', () => {
  it('of as many relays and void pairs as there may be fits into its limit', () => {
    const ids = (n: number) => 'f'.repeat(56) + n.toString(16).padStart(8, '0');
    const rails = Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [`rail${n}xxxxxxxxxxx`, { price: 2n ** 62n, quantum: 2n ** 62n, dust: 2n ** 62n }]),
    );
    const terms = { ...testTerms(1_000_000), parameters: testParameters({ rails }) };
    const body = {
      ...{ networkId, validAfter: 2 ** 40, freshUntil: 2 ** 40, validUntil: 2 ** 40, terms: [terms, terms] },
      relays: Array.from({ length: RELAYS_MAX }, (_, n) => ({
        ...{ id: ids(n), nickname: 'n'.repeat(40), descriptor: ids(n), bandwidth: Number.MAX_SAFE_INTEGER },
        flags: ['Exit', 'Fast', 'Guard', 'Running', 'Stable', 'Valid'],
      })),
      nullified: Array.from({ length: NULLIFIED_MAX }, (_, n) => ({ a: ids(n), b: ids(n), interval: 1_000_000 })),
      log: { size: 2n ** 62n, root: ids(0) },
    };
    const signatures = Array.from({ length: AUTHORITIES_MAX }, (_, n) => ({ authority: ids(n), signature: 'ff'.repeat(64) }));
    const text = encode({ body, signatures });
    expect(text.length).below(CONSENSUS_BYTES_MAX);
    expect(decode(text, consensusDocument, CONSENSUS_BYTES_MAX).ok).equal(true);
    const more = encode({ body: { ...body, nullified: [...body.nullified, body.nullified[0]] }, signatures });
    expect(decode(more, consensusDocument, 2 * CONSENSUS_BYTES_MAX).ok).equal(false);
  });
});

describe('the docket', () => {
  let docket: Docket;
  beforeEach(async () => void (docket = await givenDocket(['a', 'b', 'c', 'd', 'g'], { reportsPerInterval: 0 })));
  afterEach(() => docket.authority.close());

  async function stateNow(): Promise<DirectoryState> {
    const { clock, database } = docket.authority;
    return (await openBook({ clock, database }, networkId, testKey('authority'))).state();
  }
  /** A state with so many more cases like that one. */
  function withMore(state: DirectoryState, one: Case, count: number, changed: (n: number) => object): DirectoryState {
    const more = Array.from({ length: count }, (_, n): [string, Case] => {
      const body = { ...one.signed.body, ...changed(n) };
      return [hex(n), { ...one, ...changed(n), id: hex(n), signed: { ...one.signed, body } } as Case];
    });
    return { ...state, cases: new Map([...state.cases, ...more]) };
  }

  for (const became of ['open', 'dismissed', 'withdrawn', 'upheld'] as CaseState[]) {
    it(`takes as many contests of one relay as may be, were they ${became}: each is in every consensus`, async () => {
      valueOf(await docket.file(await docket.contest('a', 'b')));
      const state = await stateNow();
      const one = { ...[...state.cases.values()][0]!, state: became };
      const next = await docket.contest('a', 'c');
      const now = docket.authority.clock.now();
      // Long ago, so that no bar of a dismissed one is told first.
      const old = { decidedAt: now - 100_000 };
      const full = withMore(state, { ...one, ...old } as Case, CONTESTS_OF_RELAY_MAX - 1, () => ({}));
      expect(codeOf(screenContest(full, next.body, now))).equal('contest-docket');
      const room = withMore(state, { ...one, ...old } as Case, CONTESTS_OF_RELAY_MAX - 2, () => ({}));
      expect(codeOf(screenContest(room, next.body, now))).equal('ok');
      // Another relay's are counted by themselves.
      const other = await docket.contest('c', 'b');
      expect(codeOf(screenContest(full, other.body, now))).equal('ok');
    });
  }

  it('takes as many contests as a consensus can name; their windows over, there is room', async () => {
    valueOf(await docket.file(await docket.contest('a', 'b')));
    const state = await stateNow();
    const one = [...state.cases.values()][0]!;
    const next = await docket.contest('c', 'd');
    const now = docket.authority.clock.now();
    const by = (n: number) => ({ contestant: hex(n) });
    expect(codeOf(screenContest(withMore(state, one, NULLIFIED_MAX - 1, by), next.body, now))).equal('contest-docket');
    expect(codeOf(screenContest(withMore(state, one, NULLIFIED_MAX - 2, by), next.body, now))).equal('ok');
    const over = (n: number) => ({ ...by(n), terms: testTerms(0, { genesis: 0, intervalSec: 1 }), interval: 0 });
    const past = withMore(state, one, NULLIFIED_MAX, over);
    expect(codeOf(screenContest(past, next.body, now))).equal('ok');
  });

  it('takes as many undecided complaints of a subscriber, about a guard and in all as may be', async () => {
    const rails = railRules(openRails({ http: undefined as never, network }));
    const about = (id: string) => ({
      about: { kind: 'withdrawal' as const, request: withdrawal('g', id, 1000n, GENESIS + 400) },
    });
    for (let n = 0; n < COMPLAINTS_OF_SUBSCRIBER_MAX; n += 1)
      expect(await docket.complain('g', about((16 + n).toString(16)))).equal('open');
    expect(await docket.complain('g', about('ee'))).equal('complaint-docket');
    // In other words about the same is no other case.
    expect(await docket.complain('g', { ...about('10'), at: GENESIS + 519 })).equal('open');
    const state = await stateNow();
    const now = docket.authority.clock.now();
    const one = [...state.cases.values()].find((found) => found.kind === 'complaint')!;
    const none = { ...state, cases: new Map() };
    const signed = one.signed as Signed<Complaint>;
    const file = (full: DirectoryState) => codeOf(acceptComplaint(full, rails, signed, now));
    const by = (n: number) => ({ subscriber: hex(n) });
    expect(file(withMore(none, one, COMPLAINTS_OF_GUARD_MAX, by))).equal('complaint-docket');
    expect(file(withMore(none, one, COMPLAINTS_OF_GUARD_MAX - 1, by))).equal('ok');
    const ended = (n: number) => ({ ...by(n), state: 'dismissed' });
    expect(file(withMore(none, one, COMPLAINTS_OF_GUARD_MAX, ended))).equal('ok');
    const elsewhere = (n: number) => ({ ...by(n), guard: n === -1 ? idOf('g') : hex(n) });
    const spread = (count: number) => {
      const made = withMore(none, one, count, by);
      const cases = new Map(
        [...made.cases].map(([id, was], n) => {
          const body = { ...(was.signed.body as Complaint), guard: elsewhere(n).guard as string };
          return [id, { ...was, signed: { ...was.signed, body } } as Case] as const;
        }),
      );
      return { ...made, cases };
    };
    expect(file(spread(COMPLAINTS_MAX))).equal('complaint-docket');
    expect(file(spread(COMPLAINTS_MAX - 1))).equal('ok');
    expect(signed.body.subscriber).equal(subscriber);
  });
});

describe('a settlement that strangers tell of cases', () => {
  let world: World;
  afterEach(() => world.close());

  /** Reads of the docket until then. */
  function counted(): () => number {
    const { read } = world.docket;
    let reads = 0;
    world.docket.read = (id) => {
      reads += 1;
      return read(id);
    };
    return () => reads;
  }
  const peers = Array.from({ length: 2 * NOTICED_PER_LOOK_MAX + 5 }, (_, n) => `P${n}`);

  it('looks a bounded number of times, however often it is told, and at a bounded number of cases', async () => {
    world = await openWorld({ names: ['A', 'B', ...peers.slice(0, 0)] });
    for (let interval = 0; interval < 3; interval += 1) world.owe(interval, 'A', 'B', GIB);
    await world.advance(world.schedule(2).booksClose + 60);
    const ids = [0, 1, 2].map((interval) => settlementId(networkId, interval, world.of('A').id, world.of('B').id));
    const reads = counted();
    const begun = world.clock.now();
    for (let round = 0; round < 50; round += 1) {
      for (const id of ids) await world.tell('A', id);
      await world.idle();
    }
    // One look at once, and the next when its time has come.
    expect(reads()).most(ids.length);
    await world.advance(begun + 60);
    expect(reads()).most(2 * ids.length);
  });

  it('takes what a consensus names before what it was told, and all in the end', async () => {
    world = await openWorld({ names: ['A', 'B', ...peers], payouts: { A: 'manual' } });
    world.owe(0, 'A', 'B', GIB);
    for (const name of peers) world.owe(0, 'A', name, GIB / 1000n);
    world.docket.tells = false;
    for (const name of peers) await world.stop(name);
    await world.advance(world.schedule(0).paymentEnd + 1);
    expect(world.docket.posted).deep.equal(['contest B>A: open']);
    const others = (await pairsOf(world, 'A')).filter((one) => one.nickname !== 'B').map((one) => one.id);
    expect(others.length).above(2 * NOTICED_PER_LOOK_MAX);
    for (const id of others) await world.tell('A', id);
    await world.idle();
    const reads = counted();
    await world.agree();
    const cases = (await world.local('A', '/settlement/contests', {})) as {
      value: { contests: { nickname: string; state: string }[] };
    };
    expect(cases.value.contests.some((one) => one.nickname === 'B' && one.state === 'open')).equal(true);
    // And B reads its own.
    expect(reads()).most(NOTICED_PER_LOOK_MAX + 2);
    await world.advance(world.clock.now() + 3000);
    const left = (await world.local('A', '/settlement/contests', {})) as { value: { contests: { state: string }[] } };
    expect(left.value.contests.filter((one) => one.state === 'noticed')).deep.equal([]);
  });
});
