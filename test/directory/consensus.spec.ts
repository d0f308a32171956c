import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { consensusDocument, hasFlag, verifyConsensus, type ConsensusDocument } from '../../core/wire/consensus.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { termsDigest, type Terms } from '../../core/wire/terms.ts';
import { roundAt, roundBefore, slotAt } from '../../directory/probe/decide.ts';
import { termsToFix } from '../../directory/consensus/terms.ts';
import { GENESIS, givenAuthority, givenDescriptor, givenParameters, network, stateOf, type Authority } from './given.ts';

const INTERVAL = 400;
const namesIn = (document: ConsensusDocument): string[] => document.body.relays.map((relay) => relay.nickname);
const running = (document: ConsensusDocument): string[] =>
  document.body.relays.filter((relay) => hasFlag(relay, 'Running')).map((relay) => relay.nickname);
const numbers = (terms: Terms | undefined) => terms && [terms.interval, terms.relays, terms.exits];

describe('directory/consensus', () => {
  let authority: Authority;
  const open: Authority[] = [];
  const given = async (...of: Parameters<typeof givenAuthority>): Promise<Authority> => {
    authority = await givenAuthority(...of);
    open.push(authority);
    return authority;
  };
  const add = async (name: string, said: Partial<Descriptor> = {}): Promise<void> => {
    authority.up.add(name);
    const answer = await authority.publish(name, said);
    expect(answer.ok, name).equal(true);
  };
  const termsOf = async (interval: number): Promise<ConsensusDocument> => {
    const answer: Result<ConsensusDocument> = await authority.call('/directory/terms/:interval', { interval: `${interval}` });
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  };
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  it('comes as soon as a relay and an exit are there, and then on its schedule', async () => {
    await given(GENESIS - 95);
    await authority.settle();
    const none = await authority.call('/directory/consensus');
    expect(!none.ok && none.refusal.code).equal('directory-no-consensus');
    await add('middle', { isExit: false });
    await authority.settle();
    expect((await authority.call('/directory/consensus')).ok).equal(false);
    await add('exit');
    await authority.settle();
    const first = await authority.consensus();
    expect([first.body.validAfter, first.body.freshUntil, first.body.validUntil]).deep.equal([
      GENESIS - 100,
      GENESIS - 80,
      GENESIS - 40,
    ]);
    expect(numbers(first.body.terms[0])).deep.equal([0, 2n, 1n]);
    await authority.goTo(GENESIS - 81);
    expect(await authority.consensus()).deep.equal(first);
    await authority.goTo(GENESIS - 80);
    expect((await authority.consensus()).body.validAfter).equal(GENESIS - 80);
  });

  it('needs no exit where the ratio is fixed', async () => {
    await given(GENESIS - 95, givenParameters({ exitRatio: [7213n, 938n] }));
    await authority.settle();
    expect((await authority.call('/directory/consensus')).ok).equal(false);
    await add('middle', { isExit: false });
    await authority.settle();
    expect(numbers((await authority.consensus()).body.terms[0])).deep.equal([0, 7213n, 938n]);
  });

  it('is one that core verifies, and nobody can change', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.settle();
    const sent = decode(encode(await authority.consensus()), consensusDocument);
    const document = sent.ok ? sent.value : expect.fail(sent.refusal.about);
    expect(verifyConsensus(document, network).ok).equal(true);
    const changed = { ...document, body: { ...document.body, validUntil: document.body.validUntil + 1 } };
    expect(verifyConsensus(changed, network).ok).equal(false);
    const two = [...network.authorities, { ...network.authorities[0]!, key: '11'.repeat(32) }];
    expect(verifyConsensus(document, { ...network, authorities: two }).ok).equal(false);
  });

  it('lists relays by standing: known longer first', async () => {
    await given(GENESIS - 95);
    await add('b');
    await authority.goTo(GENESIS - 90);
    await add('a');
    await add('c');
    await add('b', { published: GENESIS - 90 });
    await authority.goTo(GENESIS - 80);
    const ids = ['a', 'c'].sort((x, y) => (givenDescriptor(x).body.id < givenDescriptor(y).body.id ? -1 : 1));
    expect(namesIn(await authority.consensus())).deep.equal(['b', ...ids]);
  });

  it('keeps a relay that is down, without Running; drops it when its descriptor expires', async () => {
    await given(GENESIS - 95, givenParameters({ flags: { ...givenParameters().flags, runningSec: 30 } }));
    await add('a');
    await add('b', { expires: GENESIS + 10 });
    await authority.goTo(GENESIS - 80);
    expect(running(await authority.consensus())).have.members(['a', 'b']);
    authority.up.delete('b');
    await authority.goTo(GENESIS);
    expect(running(await authority.consensus())).deep.equal(['a']);
    expect(namesIn(await authority.consensus())).have.members(['a', 'b']);
    expect(numbers((await authority.consensus()).body.terms[0])).deep.equal([0, 1n, 1n]);
    await authority.goTo(GENESIS + 20);
    expect(namesIn(await authority.consensus())).deep.equal(['a']);
    const relays = (await authority.call('/directory/relays')) as Result<{ relays: { nickname: string }[] }>;
    expect(relays.ok && relays.value.relays.map((one) => one.nickname)).deep.equal(['a']);
  });

  it('counts the relays of interval 0 anew until genesis, and never after', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.goTo(GENESIS - 60);
    expect(numbers((await authority.consensus()).body.terms[0])).deep.equal([0, 1n, 1n]);
    await add('b', { isExit: false });
    await authority.goTo(GENESIS - 20);
    expect(numbers((await authority.consensus()).body.terms[0])).deep.equal([0, 2n, 1n]);
    await add('c', { isExit: false });
    await authority.goTo(GENESIS + 20);
    expect(numbers((await authority.consensus()).body.terms[0])).deep.equal([0, 2n, 1n]);
    expect((await termsOf(0)).body.validAfter).equal(GENESIS);
  });

  it('fixes the next terms at the first consensus of the last quarter, once', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.goTo(GENESIS + 299);
    expect((await authority.consensus()).body.terms.map((one) => one.interval)).deep.equal([0]);
    const early = await authority.call('/directory/terms/:interval', { interval: '1' });
    expect(!early.ok && early.refusal.code).equal('directory-no-terms');
    await authority.goTo(GENESIS + 300);
    const fixed = (await authority.consensus()).body.terms;
    expect(fixed.map(numbers)).deep.equal([
      [0, 1n, 1n],
      [1, 1n, 1n],
    ]);
    await add('b', { isExit: false });
    await authority.goTo(GENESIS + INTERVAL + 20);
    const now = (await authority.consensus()).body;
    expect(now.terms).have.length(1);
    expect(termsDigest(now.terms[0]!)).equal(termsDigest(fixed[1]!));
    expect((await termsOf(1)).body.validAfter).equal(GENESIS + INTERVAL);
    expect((await termsOf(1)).body.terms.find((one) => one.interval === 1)).deep.equal(fixed[1]);
    await authority.goTo(GENESIS + INTERVAL + 300);
    expect(numbers((await authority.consensus()).body.terms[1])).deep.equal([2, 2n, 1n]);
  });

  it('fixes terms nobody fixed in time by the numbers of those before', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.goTo(GENESIS + 20);
    await add('b', { isExit: false });
    await authority.goTo(GENESIS + 40);
    await authority.role.stop();
    authority.clock.advance(GENESIS + 3 * INTERVAL + 7);
    await authority.restart();
    await authority.settle();
    expect(running(await authority.consensus())).deep.equal(['a', 'b']);
    expect((await authority.consensus()).body.terms.map(numbers)).deep.equal([[3, 1n, 1n]]);
    expect((await authority.consensus()).body.validAfter).equal(GENESIS + 3 * INTERVAL);
    expect((await termsOf(3)).body.validAfter).equal(GENESIS + 3 * INTERVAL);
    expect((await authority.call('/directory/terms/:interval', { interval: '2' })).ok).equal(false);
    await authority.goTo(GENESIS + 4 * INTERVAL);
    expect((await authority.consensus()).body.terms.map(numbers)).deep.equal([[4, 2n, 1n]]);
  });

  it('changes no price behind anybody’s back: of an interval that has begun, those before hold on', async () => {
    const cheap = givenParameters();
    const dear = givenParameters({ rails: { ledger: { price: 9n, quantum: 1n, dust: 0n } } });
    const priceOf = (terms: Terms | undefined) => terms?.parameters.rails['ledger']?.price;
    await given(GENESIS - 95, cheap);
    await add('a');
    await authority.goTo(GENESIS + 20);
    await authority.role.stop();
    authority.clock.advance(GENESIS + 3 * INTERVAL + 7);
    await authority.restart(dear);
    await authority.settle();
    expect((await authority.consensus()).body.terms.map(priceOf)).deep.equal([1_000_000_000n]);
    await authority.goTo(GENESIS + 3 * INTERVAL + 300);
    expect((await authority.consensus()).body.terms.map(priceOf)).deep.equal([1_000_000_000n, 9n]);
  });

  it('keeps the numbers when every exit is down', async () => {
    await given(GENESIS - 95, givenParameters({ flags: { ...givenParameters().flags, runningSec: 30 } }));
    await add('a');
    await add('b');
    await authority.goTo(GENESIS + 20);
    authority.up.clear();
    await authority.goTo(GENESIS + 300);
    expect(running(await authority.consensus())).deep.equal([]);
    expect((await authority.consensus()).body.terms.map(numbers)).deep.equal([
      [0, 2n, 2n],
      [1, 2n, 2n],
    ]);
  });

  it('carries the next terms in time where no consensus falls into the last quarter', () => {
    const parameters = givenParameters({ consensusSec: 150 });
    const state = stateOf([], parameters);
    const at = (slot: number) => termsToFix(state, parameters, slot, { relays: 3n, exits: 2n }).map((one) => one.interval);
    expect(at(GENESIS + 150)).deep.equal([0]);
    expect(at(GENESIS + 249)).deep.equal([0]);
    expect(at(GENESIS + 250)).deep.equal([0, 1]);
  });

  it('asks everybody once before each consensus, and a new relay at once', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.settle();
    expect(authority.calls).deep.equal(['a']);
    await authority.goTo(GENESIS - 83);
    expect(authority.calls).deep.equal(['a']);
    await authority.goTo(GENESIS - 82);
    expect(authority.calls).deep.equal(['a', 'a']);
    await authority.goTo(GENESIS - 80);
    expect(authority.calls).deep.equal(['a', 'a']);
    await add('b');
    await authority.settle();
    expect(authority.calls.slice(2)).deep.equal(['b']);
  });

  it('asks before a consensus whoever was not asked while the authority was down', async () => {
    await given(GENESIS - 95);
    await add('a');
    await authority.goTo(GENESIS);
    await authority.role.stop();
    authority.clock.advance(GENESIS + 9000);
    await authority.restart();
    await authority.settle();
    expect(running(await authority.consensus())).deep.equal(['a']);
    expect((await authority.consensus()).body.validAfter).equal(GENESIS + 9000);
  });

  it('asks a relay that was down again when it publishes', async () => {
    await given(GENESIS - 95);
    await authority.publish('a');
    await authority.settle();
    authority.up.add('a');
    await authority.goTo(GENESIS - 93);
    await authority.publish('a', { published: GENESIS - 90 });
    await authority.settle();
    expect(authority.calls).deep.equal(['a', 'a']);
    expect(running(await authority.consensus())).deep.equal(['a']);
  });

  it('judges for whoever asks once a change of the log, and drops what expires meanwhile', async () => {
    await given(GENESIS - 95);
    await add('a');
    await add('b', { expires: GENESIS - 83 });
    await authority.goTo(GENESIS - 85);
    const ask = async () => (await authority.call('/directory/relays')) as Result<{ relays: { nickname: string }[] }>;
    const [first, second] = [await ask(), await ask()];
    expect(first.ok && second.ok && first.value === second.value).equal(true);
    expect(first.ok && first.value.relays.map((one) => one.nickname).sort()).deep.equal(['a', 'b']);
    authority.clock.advance(GENESIS - 83);
    const third = await ask();
    expect(third.ok && third.value.relays.map((one) => one.nickname)).deep.equal(['a']);
  });

  it('answers descriptors by digest, older ones too, and tells each relay by name or id', async () => {
    await given(GENESIS - 95);
    const first = await authority.publish('a');
    await authority.goTo(GENESIS - 93);
    const second = await authority.publish('a', { published: GENESIS - 90 });
    const digests = [first, second].map((answer) => (answer.ok ? answer.value.digest : ''));
    const found = (await authority.call('/directory/descriptors', { digests: [...digests, '00'.repeat(32)] })) as Result<{
      descriptors: unknown[];
    }>;
    expect(found.ok && found.value.descriptors).deep.equal([
      givenDescriptor('a'),
      givenDescriptor('a', { published: GENESIS - 90 }),
    ]);
    const { id } = givenDescriptor('a').body;
    for (const relay of ['a', 'A', id]) {
      const one = (await authority.call('/directory/relay/:relay', { relay })) as Result<{
        id: string;
        guard: { missing: { code: string }[] };
      }>;
      expect(one.ok && one.value.id).equal(id);
    }
    const none = await authority.call('/directory/relay/:relay', { relay: 'b' });
    expect(!none.ok && none.refusal.code).equal('directory-no-relay');
  });

  it('reckons slots and rounds for any length, before genesis too', () => {
    for (const consensusSec of [1, 2, 5, 20, 3600]) {
      const parameters = givenParameters({ consensusSec });
      expect(slotAt(parameters, GENESIS)).equal(GENESIS);
      expect(slotAt(parameters, GENESIS - 1)).equal(GENESIS - consensusSec);
      for (const now of [GENESIS - 1, GENESIS, GENESIS + 1, GENESIS + consensusSec - 1]) {
        const round = roundAt(parameters, now);
        expect(round + consensusSec, `${consensusSec} ${now}`).greaterThan(now);
        expect(slotAt(parameters, round + consensusSec)).least(slotAt(parameters, now));
        expect(roundBefore(parameters, slotAt(parameters, now))).greaterThan(slotAt(parameters, now) - consensusSec);
      }
    }
  });
});
