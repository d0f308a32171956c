import { expect } from 'chai';
import type { Descriptor } from '../../core/wire/descriptor.ts';
import type { Result } from '../../core/refusal.ts';
import type { Explained } from '../../directory/flags/explain.ts';
import { GENESIS } from './given.ts';
import { caseOf, codeOf, docketParameters, freshOf, givenDocket, idOf, stateOf, valueOf, type Docket } from './filed.ts';

const family = (...names: string[]): Partial<Descriptor> => ({ family: names.map(idOf) });

describe('directory/flags and the docket', () => {
  let docket: Docket;
  afterEach(() => docket.authority.close());
  const contest = async (by: string, against: string, interval = 0) =>
    valueOf(await docket.file(await docket.contest(by, against, 1000n, { interval })));
  const payLate = async (by: string, against: string) => {
    const proof = docket.pay(freshOf(by), 1000n);
    return stateOf(await docket.appeal(against, caseOf(by, against), { kind: 'payment', proof, settlement: null }));
  };
  const missing = async (name: string) => {
    const answer = (await docket.authority.call('/directory/relay/:relay', { relay: name })) as Result<Explained>;
    return valueOf(answer).guard.missing.map(({ code, has, needs }) => ({ code, has, needs }));
  };

  it('falls with contests of two reporters, unanswered for the answer window; comes back when each is paid late', async () => {
    docket = await givenDocket(['g', 'm', 'n', 'x']);
    const { authority } = docket;
    for (const by of ['m', 'n']) await contest(by, 'g');
    await authority.goTo(GENESIS + 559);
    expect((await docket.page()).cases.map((one) => one.counts)).deep.equal([false, false]);
    expect(await docket.guards()).include('g');
    await authority.goTo(GENESIS + 560);
    expect((await docket.page()).cases.map((one) => one.counts)).deep.equal([true, true]);
    expect(await docket.guards()).have.members(['m', 'n', 'x']);
    expect(await missing('g')).deep.equal([{ code: 'contested', has: 2, needs: null }]);
    expect(await docket.record('g')).deep.include({ reporters: 2, upheld: 0, of: 4 });
    // One that counts keeps it from a relay that has it not, though it would not take it.
    expect(await payLate('m', 'g')).equal('late');
    await authority.goTo(GENESIS + 600);
    expect(await docket.guards()).not.include('g');
    expect(await missing('g')).deep.equal([{ code: 'contested', has: 1, needs: null }]);
    await authority.goTo(GENESIS + 640);
    expect((await docket.line(caseOf('n', 'g'))).state).equal('upheld');
    expect(await docket.guards()).not.include('g');
    expect(await payLate('n', 'g')).equal('late');
    expect(await docket.guards()).not.include('g');
    await authority.goTo(GENESIS + 660);
    expect(await docket.guards()).include('g');
    expect(await docket.record('g')).deep.include({ upheld: 0, late: 2, reporters: 0, place: 4, of: 4 });
    expect((await docket.order()).at(-1)).equal('g');
    expect(await missing('g')).deep.equal([]);
  });

  it('stays with one reporter, with two of one family, and with contests that were answered', async () => {
    const kin = { m: family('n'), n: family('m') };
    docket = await givenDocket(['g', 'h', 'i', 'm', 'n'], { reportsPerInterval: 0 }, kin);
    for (const by of ['m', 'n']) await contest(by, 'g');
    await contest('m', 'h');
    for (const by of ['n', 'h']) {
      await contest(by, 'i');
      const iou = await docket.iou(by, 'i', 1n, { serial: 9n });
      expect(stateOf(await docket.appeal('i', caseOf(by, 'i'), { kind: 'set-off', iou }))).equal('answered');
    }
    await docket.authority.goTo(GENESIS + 600);
    expect(await docket.guards()).have.members(['g', 'h', 'i', 'm', 'n']);
    expect(await docket.record('g')).deep.include({ reporters: 1 });
    expect(await docket.record('i')).deep.include({ reporters: 0 });
    // Upheld they count, answered once or not.
    await docket.authority.goTo(GENESIS + 660);
    expect(await docket.guards()).have.members(['g', 'h', 'm', 'n']);
    expect(await docket.record('g')).deep.include({ upheld: 2, reporters: 1 });
  });

  it('counts reporters that leave their family after filing as one all the same', async () => {
    docket = await givenDocket(['g', 'm', 'n'], {}, { m: family('n'), n: family('m') });
    const { authority } = docket;
    for (const by of ['m', 'n']) await contest(by, 'g');
    for (const by of ['m', 'n']) valueOf(await authority.publish(by, { published: GENESIS + 500, family: [] }));
    await authority.goTo(GENESIS + 700);
    expect(await docket.record('g')).deep.include({ upheld: 2, reporters: 1 });
    expect(await docket.guards()).include('g');
  });

  it('is given back nothing by a restart: hysteresis is in the log', async () => {
    docket = await givenDocket(['g', 'm', 'n']);
    const { authority } = docket;
    for (const by of ['m', 'n']) await contest(by, 'g');
    await authority.goTo(GENESIS + 560);
    expect(await payLate('m', 'g')).equal('late');
    await authority.restart();
    await authority.goTo(GENESIS + 600);
    expect(await docket.guards()).not.include('g');
    const lost = (await authority.entries()).flatMap((entry) => (entry.kind === 'consensus' ? (entry.guards?.lost ?? []) : []));
    expect(lost).deep.equal([idOf('g')]);
  });

  it('orders by upheld, late, refuted, on time and age', async () => {
    const names = ['none', 'refuted', 'late', 'twice', 'upheld', 'by'];
    docket = await givenDocket(names, { reportsPerInterval: 0 });
    const { authority } = docket;
    // Alike but for these marks; the young one has not seen an interval through.
    authority.up.add('young');
    valueOf(await authority.publish('young', { published: GENESIS + 500 }));
    for (const against of ['late', 'twice', 'upheld']) await contest('by', against);
    await contest('none', 'twice');
    await contest('refuted', 'none');
    const receipt = (by: string, against: string, at: number) =>
      ({ kind: 'receipt', receipt: docket.receipt(by, against, { at }) }) as const;
    expect(stateOf(await docket.appeal('none', caseOf('refuted', 'none'), receipt('refuted', 'none', GENESIS + 500)))).equal(
      'dismissed',
    );
    for (const [by, against] of [
      ['by', 'late'],
      ['by', 'twice'],
      ['none', 'twice'],
    ] as const) {
      expect(stateOf(await docket.appeal(against, caseOf(by, against), receipt(by, against, GENESIS + 521)))).equal('late');
    }
    await authority.goTo(GENESIS + 640);
    const first = ['none', 'by'].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    expect(await docket.order()).deep.equal([...first, 'young', 'refuted', 'late', 'twice', 'upheld']);
    const figures = async (name: string) => {
      const { upheld, late, refuted, onTime, place, of } = await docket.record(name);
      return [upheld, late, refuted, onTime, place, of];
    };
    expect(await figures(first[0]!)).deep.equal([0, 0, 0, 1, 1, 7]);
    expect(await figures('young')).deep.equal([0, 0, 0, 0, 3, 7]);
    expect(await figures('refuted')).deep.equal([0, 0, 1, 1, 4, 7]);
    expect(await figures('twice')).deep.equal([0, 2, 0, 0, 6, 7]);
    expect(await figures(idOf('upheld'))).deep.equal([1, 0, 0, 0, 7, 7]);
    // The next interval that all see through; that of the first contests is not paid on time for it.
    await authority.goTo(GENESIS + 980);
    expect(await figures('young')).deep.equal([0, 0, 0, 0, 3, 7]);
    expect(await figures('upheld')).deep.equal([1, 0, 0, 1, 7, 7]);
    await authority.goTo(GENESIS + 1380);
    expect(await figures('young')).deep.equal([0, 0, 0, 1, 3, 7]);
    expect(codeOf(await authority.call('/directory/docket/record/:relay', { relay: 'nobody' }))).equal('directory-no-relay');
  });

  it('names void pairs in each consensus until no appeal can come', async () => {
    docket = await givenDocket(['g', 'm', 'n']);
    const { authority } = docket;
    await contest('n', 'g');
    await contest('m', 'n');
    const nullified = async () => (await authority.consensus()).body.nullified;
    const pair = (x: string, y: string) => {
      const [a, b] = [idOf(x), idOf(y)].sort();
      return { a, b, interval: 0 };
    };
    await authority.goTo(GENESIS + 540);
    expect(await nullified()).deep.equal([pair('n', 'g'), pair('m', 'n')]);
    const receipt = docket.receipt('n', 'g', { at: GENESIS + 500 });
    expect(stateOf(await docket.appeal('n', caseOf('n', 'g'), { kind: 'receipt', receipt }))).equal('withdrawn');
    await authority.goTo(GENESIS + 679);
    expect(await nullified()).have.length(2);
    await authority.goTo(GENESIS + 680);
    expect(await nullified()).deep.equal([]);
    expect(docketParameters().appealWindowSec).equal(100);
  });
});
