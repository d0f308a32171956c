/*
 * `ptg contest` and `ptg appeal` against running nodes: R1 owes R2 and is away when it should pay; R2's operator is asked, looks at what
 * it would make public, and files; R1's pays late.
 */
import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GIB } from '../../core/rule/price.ts';
import { ptg } from './captured.ts';
import { smallWorld, type SmallWorld } from './world.ts';

interface Cases {
  readonly contests: readonly { case: string; part: string; state: string; amount: string; nickname: string }[];
}

describe('contest and appeal', () => {
  let small: SmallWorld;
  after(() => small.stop());

  const json = async <T>(name: string, ...args: string[]): Promise<T> => {
    const { code, out, err } = await ptg(...args, '--json', '--home', small.home(name));
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as T;
  };
  const own = async (name: string) => (await json<Cases>(name, 'contest', 'list')).contests;
  const needs = async (name: string) =>
    (await json<{ needsYou: { code: string; text: string }[] }>(name, 'status')).needsYou.filter((one) =>
      one.code.startsWith('contest'),
    );

  before(async () => {
    small = await smallWorld();
    await small.advance(small.schedule(0).start + 1);
    await small.carry(GIB);
    await small.advance(small.schedule(0).bst - 1);
    await small.world.stopNode('R1');
    // The operator's own file.
    await small.world.stopNode('R2');
    const file = join(small.home('R2'), 'ptg.toml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('contests = "auto"', 'contests = "ask"'));
    await small.run(small.home('R2'), 'R2');
    await small.advance(small.schedule(0).paymentEnd);
  });

  it('asks: what is contested, until when, and by which command', async () => {
    const [one] = await own('R2');
    expect(one).include({ part: 'contestant', state: 'asked', nickname: 'R1' });
    expect((await needs('R2')).map(({ code, text }) => [code, text.endsWith(`ptg contest file ${one?.case}`)])).deep.equal([
      ['contest-asked', true],
    ]);
    const listed = await ptg('contest', 'list', '--home', small.home('R2'));
    expect(listed.out).match(/you +R1 .*waits for you/);
    expect(listed.out).include(one?.case);
  });

  it('shows what becomes public and what is lost, and files nothing', async () => {
    const [one] = await own('R2');
    const { code, out } = await ptg('contest', 'file', one!.case, '--home', small.home('R2'));
    expect(code).equal(0);
    for (const part of [/against +R1, interval 0/, /becomes public/, /its IOUs to you: \S+ GiB relayed/, /is lost/])
      expect(out).match(part);
    expect(out).include(`ptg contest file ${one!.case} --yes`);
    expect((await own('R2'))[0]?.state).equal('asked');
    const asked = await ptg('contest', 'show', one!.case, '--home', small.home('R2'));
    expect([asked.code, asked.err.includes('[docket-no-case]')]).deep.equal([1, true]);
  });

  it('files with --yes, once; the docket has it', async () => {
    const [one] = await own('R2');
    const { code, out } = await ptg('contest', 'file', one!.case, '--yes', '--home', small.home('R2'));
    expect([code, out.includes('Filed.')]).deep.equal([0, true]);
    await small.advance(small.clock.now() + 5);
    expect((await own('R2'))[0]?.state).equal('open');
    expect(await json('R2', 'contest', 'show', one!.case.slice(0, 12))).nested.include({ 'found.line.state': 'open' });
    const again = await ptg('contest', 'file', one!.case, '--yes', '--home', small.home('R2'));
    expect([again.code, again.err.includes('[contest-void]')]).deep.equal([1, true]);
    expect((await ptg('contest', 'file', 'R1', '--home', small.home('R2'))).code).equal(2);
    expect((await ptg('contest', '--home', small.home('R2'))).code).equal(2);
  });

  it('the accused is told, has nothing to show, and pays late', async () => {
    await small.world.startNode('R1');
    // Notices are looked at once in a sixtieth of the answer window.
    await small.advance(small.schedule(0).paymentEnd + 120);
    const [one] = await own('R1');
    expect(one).include({ part: 'accused', state: 'open', nickname: 'R2' });
    expect((await needs('R1')).map(({ code }) => code)).deep.equal(['contested']);
    const nothing = await ptg('appeal', one!.case, '--home', small.home('R1'));
    expect([nothing.code, nothing.err.includes('[appeal-evidence]')]).deep.equal([1, true]);
    const paid = await ptg('payouts', 'approve', '--home', small.home('R1'));
    expect([paid.code, paid.out.includes(one!.case)]).deep.equal([0, true]);
    await small.advance(small.clock.now() + 2 * small.world.authority.view.terms(0)!.parameters.consensusSec);
    expect((await own('R1'))[0]?.state).equal('late');
    expect((await own('R2'))[0]?.state).equal('late');
    expect(await needs('R1')).deep.equal([]);
    const decided = await ptg('appeal', one!.case, '--home', small.home('R1'));
    expect([decided.code, decided.err.includes('[appeal-decided]')]).deep.equal([1, true]);
  });
});
