/*
 * Whom rule 12 denies Guard is marked in Tor itself: the directory role with a tor that only remembers what was put, over the course
 * of contests. The real one: test/tor-network/flags.ts.
 */
import { expect } from 'chai';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { TorStatus } from '../../directory/tor/flow.ts';
import type { DirectoryTor } from '../../tor/authority/directory-tor.ts';
import { GENESIS } from './given.ts';
import { caseOf, freshOf, givenDocket, stateOf, valueOf, type Docket } from './filed.ts';

const fingerprintOf = (name: string): string => Buffer.from(name.repeat(20).slice(0, 20)).toString('hex').toUpperCase();
const beside = (name: string, changes: Partial<Descriptor> = {}): Partial<Descriptor> => ({
  fingerprint: fingerprintOf(name).toLowerCase(),
  ...changes,
});

function torThatRemembers() {
  const puts: string[][] = [];
  const tor = { puts, fault: null as string | null };
  const put = async (fingerprints: readonly string[]): Promise<Result<void>> => {
    if (tor.fault !== null)
      return { ok: false, refusal: { code: tor.fault, about: 'x', retry: true, text: '', remedy: 'mend it' } };
    puts.push([...fingerprints]);
    return ok(undefined);
  };
  const port: DirectoryTor = {
    state: () => ({ up: true, since: 7, reason: null }),
    middleOnly: { file: '/tor/approved-routers', put },
    close: async () => undefined,
  };
  return { ...tor, port, setFault: (code: string | null) => (tor.fault = code), last: () => puts.at(-1) };
}

describe('directory/tor: flags in Tor', () => {
  let docket: Docket;
  afterEach(() => docket.authority.close());
  const contest = async (by: string, against: string) =>
    valueOf(await docket.file(await docket.contest(by, against, 1000n, { interval: 0 })));
  const payLate = async (by: string, against: string) => {
    const proof = docket.pay(freshOf(by), 1000n);
    return stateOf(await docket.appeal(against, caseOf(by, against), { kind: 'payment', proof, settlement: null }));
  };
  const status = async (): Promise<TorStatus | null> =>
    ((await docket.authority.call('/directory/tor')) as Result<{ tor: TorStatus | null }> & { ok: true }).value.tor;

  it('marks who loses Guard by contests, until each is paid late; an exit that is no guard is not marked', async () => {
    const tor = torThatRemembers();
    const said = { g: beside('g'), x: beside('x', { wantsGuard: false }), y: beside('y', { isExit: false, wantsGuard: false }) };
    docket = await givenDocket(['g', 'm', 'n', 'x', 'y'], { reportsPerInterval: 0 }, said, tor.port);
    expect(tor.last()).deep.equal([]);
    for (const by of ['m', 'n']) for (const against of ['g', 'x', 'y']) await contest(by, against);
    await docket.authority.goTo(GENESIS + 559);
    expect(tor.last()).deep.equal([]);
    await docket.authority.goTo(GENESIS + 560);
    expect(await docket.guards()).not.include('g');
    expect(tor.last()).deep.equal([fingerprintOf('g'), fingerprintOf('y')]);
    expect(await status()).deep.include({ up: true, since: 7, reason: null });
    expect((await status())?.middleOnly).deep.include({ file: '/tor/approved-routers', fault: null, doneAt: GENESIS + 560 });

    expect(await payLate('m', 'g')).equal('late');
    await docket.authority.goTo(GENESIS + 600);
    expect(tor.last()).include(fingerprintOf('g'));
    expect(await payLate('n', 'g')).equal('late');
    await docket.authority.goTo(GENESIS + 640);
    expect(tor.last()).deep.equal([fingerprintOf('y')]);
    expect(await docket.guards()).include('g');
  });

  it('says what fails and does it when it can, though no consensus comes; puts it once more after a start', async () => {
    const tor = torThatRemembers();
    docket = await givenDocket(['g', 'm', 'n'], {}, { g: beside('g') }, tor.port);
    for (const by of ['m', 'n']) await contest(by, 'g');
    tor.setFault('approved-routers-unwritable');
    await docket.authority.goTo(GENESIS + 560);
    expect((await status())?.middleOnly?.fault).deep.equal({
      code: 'approved-routers-unwritable',
      about: 'x',
      remedy: 'mend it',
    });
    expect(tor.last()).deep.equal([]);
    tor.setFault(null);
    await docket.authority.goTo(GENESIS + 570);
    expect(tor.last()).deep.equal([fingerprintOf('g')]);
    expect((await status())?.middleOnly?.fault).equal(null);
    const before = tor.puts.length;
    await docket.authority.restart();
    await docket.authority.settle();
    expect(tor.puts.slice(before)).deep.equal([[fingerprintOf('g')]]);
  });

  it('marks nobody where it has no tor', async () => {
    docket = await givenDocket(['g', 'm'], {}, { g: beside('g') });
    expect(await status()).equal(null);
  });
});
