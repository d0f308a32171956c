/*
 * A directory beside a tor: which descriptors it takes, and what it takes from Tor's consensus. The real tor: test/tor-network/binding.ts.
 */
import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Explained } from '../../directory/flags/explain.ts';
import { emptyState, foldAll } from '../../directory/state/decide.ts';
import { GENESIS, givenAuthority, givenParameters, type Authority } from './given.ts';
import { beside, fingerprintOf, givenTor, torRelay, type GivenTor } from './given-tor.ts';
import { codeOf, idOf } from './filed.ts';

describe('directory/tor: the Tor identity of a relay', () => {
  let authority: Authority;
  let tor: GivenTor;
  beforeEach(async () => {
    tor = givenTor(['a', 'b']);
    authority = await givenAuthority(GENESIS, givenParameters(), tor.port);
    for (const name of ['a', 'b', 'c']) authority.up.add(name);
  });
  afterEach(() => authority.close());
  const publish = async (name: string, changes: Partial<Descriptor> = {}) =>
    codeOf(await authority.publish(name, beside(name, changes)));
  const explained = async (name: string): Promise<Explained> =>
    ((await authority.call('/directory/relay/:relay', { relay: name })) as Result<Explained> & { ok: true }).value;

  it('is taken when its own Tor descriptor names its payment key, and else refused with the reason', async () => {
    expect(await publish('a')).equal('ok');
    expect(await publish('b', { fingerprint: null })).equal('descriptor-tor-none');
    expect(await publish('c')).equal('descriptor-tor-unknown');
    tor.relays.set('c', { ...torRelay('c'), said: { ...torRelay('c').said!, paymentKey: null } });
    expect(await publish('c')).equal('descriptor-tor-unnamed');
    tor.relays.set('c', { ...torRelay('c'), said: { ...torRelay('c').said!, paymentKey: idOf('b') } });
    expect(await publish('c')).equal('descriptor-tor-other');
    tor.away = true;
    expect(await publish('b')).equal('descriptor-tor-unread');
    tor.away = false;
    expect(await publish('b')).equal('ok');
    const taken = (await authority.entries()).flatMap((one) => (one.kind === 'descriptor' ? [one.signed.body.nickname] : []));
    expect(taken).deep.equal(['a', 'b']);
  });

  it('has one payment key, and the key one Tor identity', async () => {
    expect(await publish('a')).equal('ok');
    await authority.goTo(GENESIS + 20);
    // The operator of that tor names another key: the record of the first is not left behind by that.
    tor.relays.set('a', { ...torRelay('a'), said: { ...torRelay('a').said!, paymentKey: idOf('b') } });
    expect(await publish('b', { fingerprint: fingerprintOf('a') })).equal('descriptor-tor-claimed');
    tor.relays.set('b', { ...torRelay('b'), said: { ...torRelay('b').said!, paymentKey: idOf('a') } });
    expect(await publish('a', { fingerprint: fingerprintOf('b'), published: GENESIS + 1 })).equal('descriptor-tor-moved');
  });

  it('shows no payout address of another operator; a family may share one', async () => {
    const shows = (name: string, payouts: string[], family: string[] = []) =>
      tor.relays.set(name, { ...torRelay(name), said: { ...torRelay(name).said!, payouts, family } });
    shows('a', ['btc:bc1qone', 'xmr:4one']);
    expect(await publish('a')).equal('ok');
    await authority.goTo(GENESIS + 20);
    shows('b', ['btc:bc1qtwo', 'xmr:4one']);
    expect(await publish('b')).equal('descriptor-tor-payout');
    shows('b', ['xmr:4one'], [fingerprintOf('a')]);
    expect(await publish('b')).equal('descriptor-tor-payout');
    shows('a', ['btc:bc1qone', 'xmr:4one'], [fingerprintOf('b')]);
    await authority.goTo(GENESIS + 40);
    expect(await publish('b')).equal('ok');
    shows('c', ['btc:bc1qthree']);
    const rails = [{ rail: 'bitcoin', fallback: 'bc1qone' }];
    expect(await publish('c', { rails })).equal('descriptor-tor-payout');
  });

  it('gives |N|, |E|, bandwidth and flags as Tor’s consensus has them', async () => {
    tor.relays.get('b')!.flags = ['Running', 'Valid'];
    tor.relays.get('b')!.bandwidth = 7;
    for (const name of ['a', 'b']) expect(await publish(name, { bandwidth: 1 })).equal('ok');
    await authority.goTo(GENESIS + 20);
    const { body } = await authority.consensus();
    expect([body.terms[0]?.relays, body.terms[0]?.exits]).deep.equal([3000n, 1000n]);
    const of = (name: string) => body.relays.find((one) => one.nickname === name)!;
    expect([of('a').bandwidth, of('b').bandwidth]).deep.equal([9_000_000, 7000]);
    expect(of('a').flags).include.members(['Exit', 'Fast', 'Running', 'Stable']);
    expect(of('b').flags).deep.equal(['Running', 'Valid']);
  });

  it('is not Running, and has no Guard, once its Tor descriptor names it no more or Tor has it not', async () => {
    for (const name of ['a', 'b']) expect(await publish(name)).equal('ok');
    await authority.goTo(GENESIS + 20);
    expect((await explained('a')).flags).include('Running');
    tor.relays.set('a', { ...torRelay('a'), said: { ...torRelay('a').said!, paymentKey: null } });
    tor.relays.get('b')!.flags = [];
    await authority.goTo(GENESIS + 40);
    for (const name of ['a', 'b']) {
      const { flags, guard } = await explained(name);
      expect(flags).not.include('Running');
      expect(guard.missing.map((one) => one.code)).include('not-in-tor');
    }
    // An exit that Tor found broken is none.
    tor.relays.get('b')!.flags = ['BadExit', 'Exit', 'Running', 'Valid'];
    await authority.goTo(GENESIS + 60);
    expect((await explained('b')).flags)
      .include('Running')
      .not.include('Exit');
  });

  it('makes no consensus before it has seen Tor, and goes on by what it knows while tor is away', async () => {
    tor.away = true;
    await authority.goTo(GENESIS + 19);
    expect(codeOf(await authority.call('/directory/consensus'))).equal('directory-no-consensus');
    tor.away = false;
    expect(await publish('a')).equal('ok');
    await authority.goTo(GENESIS + 40);
    expect((await authority.consensus()).body.terms[0]?.relays).equal(3000n);
    tor.away = true;
    tor.counts = { relays: 1, exits: 1 };
    await authority.goTo(GENESIS + 80);
    const { body } = await authority.consensus();
    expect([body.validAfter, body.relays[0]?.flags.includes('Running')]).deep.equal([GENESIS + 80, true]);
  });

  it('is in the log: whoever folds it knows the same, and nothing is written twice', async () => {
    for (const name of ['a', 'b']) expect(await publish(name)).equal('ok');
    await authority.goTo(GENESIS + 60);
    const entries = await authority.entries();
    const looks = entries.flatMap((one) => (one.kind === 'tor' ? [one.seen.map(({ id }) => id)] : []));
    expect(looks.flat().sort()).deep.equal([idOf('a'), idOf('b')].sort());
    const state = foldAll(emptyState, entries);
    expect([...state.relays.values()].map((one) => one.boundTo)).have.members([fingerprintOf('a'), fingerprintOf('b')]);
    expect(state.tor).deep.equal({ validAfter: 5, relays: 3000, exits: 1000 });
  });
});
