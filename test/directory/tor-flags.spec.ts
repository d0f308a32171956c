/*
 * Whom rule 12 denies Guard is marked in Tor itself, over the course of contests. The real tor: test/tor-network/flags.ts.
 */
import { expect } from 'chai';
import type { Result } from '../../core/refusal.ts';
import type { TorStatus } from '../../directory/tor/flow.ts';
import { GENESIS } from './given.ts';
import { beside, fingerprintOf, givenTor, type GivenTor } from './given-tor.ts';
import { caseOf, freshOf, givenDocket, stateOf, valueOf, type Docket } from './filed.ts';

const upper = (name: string): string => fingerprintOf(name).toUpperCase();

describe('directory/tor: flags in Tor', () => {
  let docket: Docket;
  let tor: GivenTor;
  afterEach(() => docket.authority.close());
  const given = async (names: readonly string[]) => {
    tor = givenTor(names);
    const said = Object.fromEntries(names.map((name) => [name, beside(name)]));
    docket = await givenDocket(names, { reportsPerInterval: 0 }, said, tor.port);
  };
  const contest = async (by: string, against: string) =>
    valueOf(await docket.file(await docket.contest(by, against, 1000n, { interval: 0 })));
  const payLate = async (by: string, against: string) => {
    const proof = docket.pay(freshOf(by), 1000n);
    return stateOf(await docket.appeal(against, caseOf(by, against), { kind: 'payment', proof, settlement: null }));
  };
  const status = async (): Promise<TorStatus | null> =>
    ((await docket.authority.call('/directory/tor')) as Result<{ tor: TorStatus | null }> & { ok: true }).value.tor;

  it('marks who loses Guard by contests, until each is paid late; an exit that is no guard is not marked', async () => {
    await given(['g', 'm', 'n', 'x', 'y']);
    tor.relays.get('x')!.flags = ['Exit', 'Fast', 'Running', 'Stable', 'Valid'];
    tor.relays.get('y')!.flags = ['Fast', 'Running', 'Valid'];
    expect(tor.puts.at(-1)).deep.equal([]);
    for (const by of ['m', 'n']) for (const against of ['g', 'x', 'y']) await contest(by, against);
    await docket.authority.goTo(GENESIS + 559);
    expect(tor.puts.at(-1)).deep.equal([]);
    await docket.authority.goTo(GENESIS + 560);
    expect(await docket.guards()).not.include('g');
    expect(tor.puts.at(-1)).deep.equal([upper('g'), upper('y')]);
    expect(await status()).deep.include({ up: true, since: 7, reason: null });
    expect((await status())?.middleOnly).deep.include({ file: '/tor/approved-routers', fault: null, doneAt: GENESIS + 560 });

    // As Tor then has it: an exit that was marked is none any more, and stays marked.
    tor.relays.get('g')!.flags = ['Fast', 'MiddleOnly', 'Running', 'Stable', 'Valid'];
    expect(await payLate('m', 'g')).equal('late');
    await docket.authority.goTo(GENESIS + 600);
    expect(tor.puts.at(-1)).include(upper('g'));
    expect(await payLate('n', 'g')).equal('late');
    await docket.authority.goTo(GENESIS + 640);
    expect(tor.puts.at(-1)).deep.equal([upper('y')]);
    expect(await docket.guards()).include('g');
  });

  it('does not clear who takes its key out of ContactInfo', async () => {
    await given(['g', 'm', 'n']);
    for (const by of ['m', 'n']) await contest(by, 'g');
    await docket.authority.goTo(GENESIS + 560);
    tor.relays.set('g', { ...tor.relays.get('g')!, said: { paymentKey: null, payouts: [], family: [] } });
    await docket.authority.goTo(GENESIS + 600);
    expect(tor.puts.at(-1)).deep.equal([upper('g')]);
  });

  it('counts reporters of one Tor family as one', async () => {
    await given(['g', 'm', 'n']);
    const kin = (name: string) => ({ ...tor.relays.get(name)!.said!, family: [fingerprintOf('m'), fingerprintOf('n')] });
    for (const name of ['m', 'n']) tor.relays.get(name)!.said = kin(name);
    for (const by of ['m', 'n']) await contest(by, 'g');
    await docket.authority.goTo(GENESIS + 600);
    expect(await docket.guards()).include('g');
    expect(tor.puts.at(-1)).deep.equal([]);
    // What one says alone counts for nothing.
    tor.relays.get('n')!.said = { ...kin('n'), family: [] };
    await docket.authority.goTo(GENESIS + 620);
    expect(await docket.guards()).not.include('g');
  });

  it('says what fails and does it when it can, though no consensus comes; puts it once more after a start', async () => {
    await given(['g', 'm', 'n']);
    for (const by of ['m', 'n']) await contest(by, 'g');
    tor.fault = 'approved-routers-unwritable';
    await docket.authority.goTo(GENESIS + 560);
    expect((await status())?.middleOnly?.fault).deep.equal({
      code: 'approved-routers-unwritable',
      about: 'x',
      remedy: 'mend it',
    });
    expect(tor.puts.at(-1)).deep.equal([]);
    tor.fault = null;
    await docket.authority.goTo(GENESIS + 570);
    expect(tor.puts.at(-1)).deep.equal([upper('g')]);
    expect((await status())?.middleOnly?.fault).equal(null);
    const before = tor.puts.length;
    await docket.authority.restart();
    await docket.authority.settle();
    expect(tor.puts.slice(before)).deep.equal([[upper('g')]]);
  });

  it('marks nobody where it has no tor', async () => {
    docket = await givenDocket(['g', 'm'], {}, { g: beside('g') });
    expect(await status()).equal(null);
  });
});
