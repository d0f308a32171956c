/*
 * Contests: who is not paid files, or asks first; what it makes void; the defence of who was accused, first with the contestant and
 * then at the docket; late payment. The docket is a stand-in (docket.ts); the real one is in the journeys.
 */
import { expect } from 'chai';
import { bare, sign } from '../../core/crypto/sign.ts';
import { refuser, type Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import { contestRefusals } from '../../core/wire/contest.ts';
import { networkId, testKey } from '../harness/view.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World, type WorldOptions } from './world.ts';

const price = 1_000_000_000n;
const windows = { contestWindowSec: 3600, answerWindowSec: 3600, appealWindowSec: 7200, carryIntervals: 9 };
const coarse = { ledger: { price: 1000n, quantum: 10n, dust: 0n } };
const worth = (units: bigint) => (units * GIB) / 1000n + 1n;

interface CaseShown {
  readonly case: string;
  readonly nickname: string;
  readonly part: string;
  readonly state: string;
  readonly amount: string;
  readonly code: string | null;
}

describe('contests', () => {
  let world: World;
  const open = async ({ parameters, ...options }: WorldOptions) =>
    (world = await openWorld({ ...options, parameters: { ...windows, ...parameters } }));
  afterEach(() => world.close());

  async function ask<T>(name: string, path: string, body: unknown = {}): Promise<T> {
    const answer = await world.local(name, `/settlement/${path}`, body);
    if (!answer.ok) throw new Error(`${answer.refusal.code} ${answer.refusal.about}`);
    return answer.value as T;
  }
  const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.refusal.code);
  const casesOf = async (name: string) =>
    (await ask<{ contests: CaseShown[] }>(name, 'contests')).contests.map(
      (one) => `${one.part} ${one.nickname} ${one.amount}: ${one.state}${one.code === null ? '' : ` ${one.code}`}`,
    );
  const idOf = async (name: string) => (await pairsOf(world, name))[0]?.id as string;
  const approveAll = (name: string) => ask<{ approved: string[] }>(name, 'payouts-approve', { all: true });

  /** Gross and carry in are net, carry out, and what was forgiven; the wallet's change is explained. */
  async function expectExplained(...names: string[]): Promise<void> {
    for (const name of names) {
      const { lines } = await ask<{ lines: Record<string, string>[] }>(name, 'earnings', { interval: null });
      for (const line of lines) {
        const [gross, carryIn, net, carryOut, forgiven] = ['gross', 'carryIn', 'net', 'carryOut', 'forgiven'].map((one) =>
          BigInt(line[one] as string),
        ) as [bigint, bigint, bigint, bigint, bigint];
        const sign = net < 0n || gross < 0n ? -1n : 1n;
        expect(gross + carryIn).equal(net + carryOut + sign * forgiven);
      }
      const { wallets } = await ask<{ wallets: { difference: string }[] }>(name, 'reconcile');
      expect(wallets.map((one) => one.difference)).deep.equal(['0']);
    }
  }

  /** A owes B, and its operator does not approve. */
  async function unpaid(options: Partial<WorldOptions> = {}): Promise<void> {
    await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' }, ...options });
    world.owe(0, 'A', 'B', GIB);
    await world.advance(world.schedule(0).paymentEnd);
  }

  describe('filing', () => {
    it('by itself when the window is over, once; both sides know that the pair is void', async () => {
      await unpaid();
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${price}`]);
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: open`]);
      expect(await casesOf('A')).deep.equal([`accused B ${price}: open`]);
      await world.stop('B');
      await world.start('B');
      await world.agree();
      await world.advance(world.schedule(0).contestEnd + 10);
      expect(world.docket.posted).length(1);
      expect(world.of('B').outcomes.map((one) => one.outcome)).deep.equal(['unpaid']);
      await expectExplained('A', 'B');
    });

    it('not before the operator says so, where it is asked; with what becomes public, and what is lost', async () => {
      await unpaid({ contests: { B: 'ask' } });
      const id = await idOf('B');
      expect(world.docket.posted).deep.equal([]);
      expect(await statesOf(world, 'B')).deep.equal([`A: unpaid ${price}`]);
      const { contests } = await ask<{ contests: { state: string; until: number }[] }>('B', 'status');
      expect(contests.map(({ state, until }) => [state, until])).deep.equal([['asked', world.schedule(0).contestEnd]]);
      const preview = await ask<Record<string, unknown>>('B', 'contest-file', { id, confirm: false });
      const totals = { held: { relayBytes: String(GIB), exitBytes: '0' }, issued: { relayBytes: '0', exitBytes: '0' } };
      const destination = (await pairsOf(world, 'B'))[0]?.destination;
      expect(preview).deep.include({ filed: false, accused: world.of('A').id, interval: 0 });
      expect(preview['becomesPublic']).deep.equal({
        ...{ ground: 'agreed', rail: 'ledger', amount: String(price), destination, ...totals },
      });
      expect(preview['lost']).deep.equal({ ...totals, carry: '0' });
      await world.idle();
      expect(world.docket.posted).deep.equal([]);
      expect(await ask('B', 'contest-file', { id, confirm: true })).deep.include({ filed: true });
      await world.idle();
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${price}`]);
      expect(codeOf(await world.local('B', '/settlement/contest-file', { id, confirm: true }))).equal('contest-void');
    });

    it('asked in vain lapses with the contest window', async () => {
      await unpaid({ contests: { B: 'ask' } });
      await world.advance(world.schedule(0).contestEnd);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: refused contest-late`]);
      expect((await ask<{ contests: unknown[] }>('B', 'status')).contests).deep.equal([]);
      expect(codeOf(await world.local('B', '/settlement/contest-file', { id: await idOf('B'), confirm: true }))).equal(
        'contest-late',
      );
      expect(world.docket.posted).deep.equal([]);
    });

    it('is not asked for any more once it was paid late', async () => {
      await unpaid({ contests: { B: 'ask' } });
      await ask('A', 'payouts-approve', { ids: [await idOf('A')] });
      await world.agree();
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: refused`]);
      expect(codeOf(await world.local('B', '/settlement/contest-file', { id: await idOf('B'), confirm: false }))).equal(
        'contest-debtor',
      );
    });

    it('only by a creditor, of a pair that there is, after the window', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).bst);
      const file = async (name: string, id: string) =>
        codeOf(await world.local(name, '/settlement/contest-file', { id, confirm: true }));
      expect(await file('B', await idOf('B'))).equal('contest-early');
      await world.advance(world.schedule(0).paymentEnd - 1);
      world.down.add('/directory/contest');
      await world.advance(world.schedule(0).paymentEnd);
      expect(await file('A', await idOf('A'))).equal('contest-debtor');
      expect(await file('B', 'ab'.repeat(32))).equal('docket-no-case');
      expect(await file('B', await idOf('B'))).equal('contest-void');
    });

    it('is sent again until an authority is there, and given up with the contest window', async () => {
      await open({ names: ['A', 'B', 'C'], funds: {}, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'A', 'C', GIB);
      world.down.add('B:/directory/contest');
      world.down.add('C:/directory/contest');
      await world.advance(world.schedule(0).paymentEnd + 900);
      expect(world.docket.posted).deep.equal([]);
      world.down.delete('B:/directory/contest');
      await world.advance(world.schedule(0).contestEnd + 1);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      expect(await casesOf('C')).deep.equal([`contestant A ${price}: refused contest-late`]);
      expect(await statesOf(world, 'C')).deep.equal([`A: unpaid ${price}`]);
    });

    it('refused for good is kept with its code, and may be filed again by hand', async () => {
      await open({ names: ['A', 'B'], payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      const file = world.docket.file;
      world.docket.file = () => refuser(contestRefusals)('contest-barred', 'B');
      await world.advance(world.schedule(0).paymentEnd);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: refused contest-barred`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: unpaid ${price}`]);
      world.docket.file = file;
      await ask('B', 'contest-file', { id: await idOf('B'), confirm: true });
      await world.idle();
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: open`]);
    });

    it('the largest debt first, and never within a family', async () => {
      const payouts = { A: 'manual', C: 'manual', D: 'manual' } as const;
      await open({ names: ['A', 'B', 'C', 'D'], payouts, family: ['B', 'D'] });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'C', 'B', 3n * GIB);
      world.owe(0, 'D', 'B', 5n * GIB);
      await world.advance(world.schedule(0).paymentEnd);
      expect(world.docket.posted).deep.equal(['contest B>C: open', 'contest B>A: open']);
      expect(await statesOf(world, 'B')).include(`D: unpaid ${5n * price}`);
    });
  });

  describe('the carry', () => {
    it('is gone on both sides, and explained', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n }, payouts: { A: 'manual' }, parameters: { rails: coarse } });
      world.owe(0, 'A', 'B', worth(123n));
      world.owe(1, 'A', 'B', worth(55n));
      await world.advance(world.schedule(0).bst);
      const carries = async (name: string) =>
        (await ask<{ lines: { carryOut: string; forgiven: string }[] }>(name, 'earnings', { interval: 0 })).lines.map((one) => [
          one.carryOut,
          one.forgiven,
        ]);
      expect([await carries('A'), await carries('B')]).deep.equal([[['-3', '0']], [['3', '0']]]);
      await world.advance(world.schedule(0).paymentEnd);
      expect([await carries('A'), await carries('B')]).deep.equal([[['0', '3']], [['0', '3']]]);
      await world.advance(world.schedule(1).bst);
      for (const name of ['A', 'B']) {
        const [pair] = await pairsOf(world, name, 1);
        expect(pair?.settlement?.body['carryIn']).include({ amount: '0' });
        expect(pair?.settlement?.body['amount']).equal('50');
        expect(pair?.settlement?.body['carryLeft']).deep.equal({ amount: '5', since: 1 });
        expect(pair?.settlement?.countersignature).a('string');
      }
      await expectExplained('A', 'B');
    });

    it('that the debtor does not sign is contested, and paid late to the place that the contest names', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n }, payouts: { A: 'manual' }, parameters: { rails: coarse } });
      world.owe(0, 'A', 'B', worth(7n));
      world.down.add('settlement:A');
      world.down.add('A:/directory/mailbox');
      await world.advance(world.schedule(0).paymentEnd);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      expect(await statesOf(world, 'B')).deep.equal(['A: contested 7']);
      expect(await statesOf(world, 'A')).deep.equal(['B: lapsed 7']);
      await expectExplained('A', 'B');
      expect((await approveAll('A')).approved).deep.equal([await idOf('A')]);
      await world.idle();
      await world.agree();
      expect(await balanceOf(world, 'B')).equal(7n);
      expect([await casesOf('A'), await casesOf('B')]).deep.equal([['accused B 7: late'], ['contestant A 7: late']]);
      expect([await statesOf(world, 'A'), await statesOf(world, 'B')]).deep.equal([['B: receipted 7'], ['A: receipted 7']]);
      await expectExplained('A', 'B');
    });

    it('that the debtor has signed unheard ends the contest; and its signature, when it comes, brings nothing back', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n }, parameters: { rails: coarse } });
      world.owe(0, 'A', 'B', worth(7n));
      world.owe(1, 'A', 'B', worth(12n));
      world.lost.add('settlement:A');
      await world.advance(world.schedule(0).paymentEnd + 60);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A carried: dismissed']);
      world.lost.clear();
      await world.advance(world.schedule(0).contestEnd + 1);
      expect((await pairsOf(world, 'B'))[0]?.settlement?.countersignature).a('string');
      await world.advance(world.schedule(1).bst);
      for (const name of ['A', 'B']) {
        const [pair] = await pairsOf(world, name, 1);
        expect(pair?.settlement?.body['carryIn']).include({ amount: '0' });
        expect(pair?.settlement?.body).deep.include({ amount: '10', carryLeft: { amount: '2', since: 1 } });
      }
      await expectExplained('A', 'B');
    });

    it('is not handed to a restored counterpart', async () => {
      await open({ names: ['A', 'B'], funds: { A: 1000n }, payouts: { A: 'manual' }, parameters: { rails: coarse } });
      world.owe(0, 'A', 'B', worth(123n));
      await world.advance(world.schedule(0).paymentEnd);
      const answer = await world.link('A', 'B', '/settlement/recall', { interval: null, after: null });
      expect(answer).deep.equal({ ok: true, value: { settlements: [], receipts: [], next: null } });
      await approveAll('A');
      await world.idle();
      const later = await world.link('A', 'B', '/settlement/recall', { interval: null, after: null });
      expect(later.ok && (later.value as { receipts: unknown[] }).receipts.length).equal(1);
    });
  });

  describe('late payment', () => {
    it('never by itself, only by the operator’s word; it lifts the contest', async () => {
      await unpaid();
      await world.advance(world.schedule(0).contestEnd);
      expect(await balanceOf(world, 'B')).equal(0n);
      expect((await ask<{ payouts: { state: string }[] }>('A', 'payouts')).payouts.map((one) => one.state)).deep.equal([
        'lapsed',
      ]);
      expect((await approveAll('A')).approved).deep.equal([await idOf('A')]);
      await world.idle();
      await world.agree();
      expect(await balanceOf(world, 'B')).equal(price);
      expect(await casesOf('A')).deep.equal([`accused B ${price}: late`]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: late`]);
      expect((await approveAll('A')).approved).deep.equal([]);
      expect(world.of('B').outcomes.map((one) => one.outcome)).deep.equal(['unpaid', 'late']);
      await expectExplained('A', 'B');
    });

    it('lifts one that was upheld', async () => {
      await unpaid();
      await world.advance(world.schedule(0).appealEnd + 100);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${price}: upheld`]);
      await approveAll('A');
      await world.advance(world.clock.now() + 60);
      expect(await casesOf('A')).deep.equal([`accused B ${price}: late`]);
      expect(world.docket.posted.filter((one) => one.endsWith('late')).length).equal(1);
    });

    it('the contestant withdraws by itself, where the accused does not reach the docket', async () => {
      await unpaid();
      world.down.add('A:/directory/appeal');
      await approveAll('A');
      await world.advance(world.clock.now() + 60);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal B receipt: late']);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: late`]);
    });

    it('is seen by the contestant on its rail, without a word', async () => {
      await unpaid();
      for (const point of ['A:/directory/appeal', 'notice:B', 'appeal:B']) world.down.add(point);
      await approveAll('A');
      await world.idle();
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${price}`]);
      await world.agree();
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal B receipt: late']);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
    });

    it('of a debtor that was away the whole time, and never signed', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      await world.stop('A');
      world.docket.tells = false;
      await world.advance(world.schedule(0).paymentEnd + 60);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      await world.start('A');
      await world.agree();
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
      expect(await balanceOf(world, 'B')).equal(0n);
      expect((await approveAll('A')).approved).length(1);
      await world.advance(world.clock.now() + 60);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${price}: late`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      await expectExplained('A', 'B');
    });

    it('of a debtor whose own relay had no book for it yet: what the claim shows explains it (seed 68)', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', 2n * GIB);
      world.owe(0, 'B', 'A', GIB);
      await world.stop('A');
      world.docket.tells = false;
      await world.advance(world.schedule(0).paymentEnd + 60);
      world.down.add('A:/relay/book');
      await world.start('A');
      await world.agree();
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${price}`]);
      world.down.clear();
      await approveAll('A');
      await world.advance(world.clock.now() + 120);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      const { lines } = await ask<{ lines: Record<string, string>[] }>('A', 'earnings', { interval: 0 });
      expect(lines.map(({ held, issued, gross }) => [held, issued, gross])).deep.equal([
        [String(price), String(2n * price), String(-price)],
      ]);
      await expectExplained('A', 'B');
    });
  });

  describe('a contestant that has lost its books since', () => {
    /** B comes back with an empty database. */
    async function restored(): Promise<void> {
      await world.stop('B');
      world.loseBook(0, 'B');
      await world.start('B', {}, true);
      await world.agree();
    }

    it('knows from its own contest what is due, and what is paid late is receipted and explained (seed 543)', async () => {
      await unpaid();
      await restored();
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${price}`]);
      expect((await approveAll('A')).approved).deep.equal([await idOf('A')]);
      await world.advance(world.clock.now() + 60);
      await world.agree();
      expect([await statesOf(world, 'A'), await statesOf(world, 'B')]).deep.equal([
        [`B: receipted ${price}`],
        [`A: receipted ${price}`],
      ]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: late`]);
      await expectExplained('A', 'B');
    });

    it('so of a claim that the debtor never signed, with IOUs both ways', async () => {
      await open({ names: ['A', 'B'], funds: { A: 10n * price }, payouts: { A: 'manual' } });
      world.owe(0, 'A', 'B', 3n * GIB);
      world.owe(0, 'B', 'A', GIB);
      world.down.add('settlement:A');
      world.down.add('A:/directory/mailbox');
      await world.advance(world.schedule(0).paymentEnd);
      await restored();
      expect(await statesOf(world, 'B')).deep.equal([`A: contested ${2n * price}`]);
      const { lines } = await ask<{ lines: Record<string, string>[] }>('B', 'earnings', { interval: 0 });
      expect(lines.map(({ held, issued }) => [held, issued])).deep.equal([[String(3n * price), String(price)]]);
      await approveAll('A');
      await world.advance(world.clock.now() + 60);
      await world.agree();
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${2n * price}`]);
      await expectExplained('A', 'B');
    });
  });

  describe('a contest of what was paid', () => {
    /** B does not see its rail, and contests when half of the contest window is over. */
    async function unseen(): Promise<number> {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      world.owe(0, 'A', 'B', GIB);
      const { bst, paymentEnd, contestEnd } = world.schedule(0);
      await world.advance(bst - 1);
      world.down.add('B:/ledger/accounts');
      world.down.add('notice:B');
      const half = paymentEnd + Math.floor((contestEnd - paymentEnd) / 2);
      await world.advance(half - 1);
      expect(world.docket.posted).deep.equal([]);
      expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
      return half;
    }
    const third = windows.answerWindowSec / 3;

    it('goes first to the contestant, which sees it then, signs the receipt and withdraws', async () => {
      const half = await unseen();
      await world.advance(half + 5);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      world.down.delete('B:/ledger/accounts');
      await world.advance(half + 120);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal B receipt: withdrawn']);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${price}: withdrawn`]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: withdrawn`]);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(await statesOf(world, 'B')).deep.equal([`A: receipted ${price}`]);
      await world.advance(half + third + 60);
      expect(world.docket.posted).length(2);
      await expectExplained('A', 'B');
    });

    it('goes to the docket when a third of the answer window brought no answer', async () => {
      const half = await unseen();
      world.down.add('appeal:B');
      await world.advance(half + third - 1);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      await world.advance(half + third + 10);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A payment: dismissed']);
    });

    it('goes to the docket at once when the contestant refuses', async () => {
      const half = await unseen();
      world.of('B').reader.verify = () => null;
      await world.advance(half + 10);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A payment: dismissed']);
    });

    it('goes to the docket with the receipt, when the contestant gave it and does not withdraw', async () => {
      const half = await unseen();
      world.down.add('B:/directory/appeal');
      await world.advance(half);
      world.down.delete('B:/ledger/accounts');
      await world.advance(half + third - 1);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      await world.advance(half + third + 10);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A receipt: dismissed']);
    });

    it('clears itself by the rail when the contestant withdraws and says that it was paid late', async () => {
      const half = await unseen();
      await world.advance(half);
      const [pair] = await pairsOf(world, 'A');
      const { paymentEnd } = world.schedule(0);
      const body = {
        ...{ creditor: world.of('B').id, creditorKey: 1, debtor: world.of('A').id, settlement: pair!.id, interval: 0 },
        ...{ rail: 'ledger', amount: price, payment: 'x', proof: { rail: 'ledger', proof: 'x' }, at: paymentEnd + 9 },
      };
      const key = testKey('B settlement');
      const receipt = bare(sign('receipt', networkId, body, key));
      const lie = {
        case: pair!.id,
        from: body.creditor,
        fromKey: 1,
        evidence: { kind: 'receipt' as const, receipt },
        at: paymentEnd,
      };
      world.docket.appeal(sign('appeal', networkId, lie, key));
      await world.agree();
      await world.advance(half + 1);
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal B receipt: late', 'appeal A payment: dismissed']);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${price}: dismissed`]);
      expect(await casesOf('B')).deep.equal([`contestant A ${price}: dismissed`]);
    });

    it('what the docket does not take is not shown again, and kept with its code', async () => {
      const half = await unseen();
      world.down.add('appeal:B');
      const { appeal } = world.docket;
      const seen: string[] = [];
      world.docket.appeal = (signed) => {
        seen.push(signed.body.evidence.kind);
        return refuser({ 'appeal-destination': { retry: false, text: '', remedy: '' } })('appeal-destination', 'x');
      };
      await world.advance(half + third + 600);
      for (let round = 0; round < 3; round += 1) await world.agree();
      expect(seen).deep.equal(['payment']);
      expect(await casesOf('A')).deep.equal([`accused B ${price}: open appeal-destination`]);
      world.docket.appeal = appeal;
      const answer = await ask<{ state: string }>('A', 'appeal', { case: await idOf('A'), payment: null });
      expect(answer.state).equal('dismissed');
      expect(await casesOf('A')).deep.equal([`accused B ${price}: dismissed`]);
    });

    it('by hand: only the accused, with something to show', async () => {
      await unpaid();
      const appeal = async (name: string, id: string, payment: string | null = null) =>
        codeOf(await world.local(name, '/settlement/appeal', { case: id, payment }));
      const id = await idOf('A');
      expect(await appeal('A', id)).equal('appeal-evidence');
      expect(await appeal('B', id)).equal('appeal-stranger');
      expect(await appeal('A', 'ab'.repeat(32))).equal('docket-no-case');
      const other = world.of('B').wallet.at('elsewhere');
      const paid = await world.of('A').wallet.pay({ id: 'cd'.repeat(32), outputs: [{ destination: other, amount: price }] });
      expect(await appeal('A', id, paid.ok ? (paid.value.payments[0] as string) : '')).equal('appeal-destination');
      const right = (await pairsOf(world, 'A'))[0]?.destination as string;
      const again = await world.of('A').wallet.pay({ id: 'ce'.repeat(32), outputs: [{ destination: right, amount: price }] });
      expect(await appeal('A', id, again.ok ? (again.value.payments[0] as string) : '')).equal('ok');
      expect(world.docket.posted.at(-1)).match(/late$|appeal-decided$/);
    });
  });

  it('who was restored since it paid the fallback finds the payment on its rail, and shows it', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    const { paymentEnd, contestEnd } = world.schedule(0);
    await world.stop('B');
    await world.advance(paymentEnd + 10);
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`]);
    await world.stop('A');
    world.down.add('B:/ledger/accounts').add('recall:B').add('appeal:B');
    await world.start('B');
    await world.start('A', {}, true);
    await world.advance(paymentEnd + Math.floor((contestEnd - paymentEnd) / 2) + 10);
    expect(world.docket.posted).deep.equal(['contest B>A: open']);
    await world.agree();
    await world.advance(world.clock.now() + windows.answerWindowSec / 3 + 60);
    expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A payment: dismissed']);
    expect(await balanceOf(world, 'A')).equal(9n * price);
  });

  describe('IOUs of the contestant', () => {
    async function unheard(): Promise<void> {
      await open({ names: ['A', 'B'], funds: { A: 10n * price } });
      for (const kind of ['statement', 'settlement']) for (const name of ['A', 'B']) world.down.add(`${kind}:${name}`);
      world.down.add('A:/directory/mailbox');
      world.down.add('B:/directory/mailbox');
    }

    it('are set off: what is left is due, and lifts it when paid', async () => {
      await unheard();
      world.down.delete('B:/directory/mailbox');
      world.owe(0, 'A', 'B', 3n * GIB);
      world.owe(0, 'B', 'A', GIB, { shownBy: ['A'] });
      // A pays to nobody by itself.
      await world.stop('A');
      await world.advance(world.schedule(0).paymentEnd);
      expect(world.docket.posted).deep.equal(['contest B>A: open']);
      await world.start('A');
      await world.advance(world.schedule(0).paymentEnd + 60);
      await world.agree();
      expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A set-off: answered']);
      expect(await casesOf('A')).deep.equal([`accused B ${2n * price}: answered`]);
      expect(await statesOf(world, 'A')).deep.equal([`B: lapsed ${2n * price}`]);
      await approveAll('A');
      await world.advance(world.clock.now() + 60);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${2n * price}: late`]);
      expect(await balanceOf(world, 'B')).equal(2n * price);
    });

    it('both sides contest: the first voids the pair, and the other sets off', async () => {
      await unheard();
      world.owe(0, 'A', 'B', 2n * GIB, { shownBy: ['B'] });
      world.owe(0, 'B', 'A', 3n * GIB, { shownBy: ['A'] });
      await world.advance(world.schedule(0).paymentEnd);
      await world.agree();
      const [first, second] = world.docket.posted as [string, string];
      expect([first, second].map((one) => one.split(': ')[1])).deep.equal(['open', 'contest-void']);
      const accused = second.startsWith('contest A') ? 'A' : 'B';
      expect(world.docket.posted[2]?.startsWith(`appeal ${accused} set-off`)).equal(true);
      expect((await casesOf(accused))[0]).match(/^accused/);
      for (const name of ['A', 'B']) expect((await statesOf(world, name))[0]).match(/contested/);
      expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([10n * price, 0n]);
    });
  });

  describe('what is not so', () => {
    it('a notice of no case, or of another pair’s, changes nothing', async () => {
      await open({ names: ['A', 'B', 'C'], funds: { A: 10n * price }, payouts: { C: 'manual' } });
      world.owe(0, 'A', 'B', GIB);
      world.owe(0, 'C', 'B', GIB);
      await world.advance(world.schedule(0).paymentEnd);
      expect(world.docket.posted).deep.equal(['contest B>C: open']);
      const own = await idOf('A');
      const others = await idOf('C');
      for (const id of [own, others, 'ab'.repeat(32)]) {
        expect(await world.tell('A', id)).deep.equal({ ok: true, value: { done: true } });
      }
      await world.agree();
      expect(await casesOf('A')).deep.equal([]);
      expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`]);
    });

    it('a case that the contestant has not signed, or of other sums, is not believed', async () => {
      await open({ names: ['A', 'B'], payouts: { A: 'manual' }, parameters: { rails: coarse } });
      world.owe(0, 'A', 'B', worth(123n));
      const { read } = world.docket;
      world.docket.read = (id) => {
        const found = read(id);
        if (!found.ok || found.value.about.kind !== 'contest') return found;
        const { about } = found.value;
        return {
          ok: true,
          value: { ...found.value, about: { ...about, signed: { ...about.signed, signature: '00'.repeat(64) } } },
        };
      };
      await world.advance(world.schedule(0).paymentEnd);
      await world.agree();
      expect(await casesOf('A')).deep.equal(['accused B 0: noticed']);
      const { lines } = await ask<{ lines: { carryOut: string }[] }>('A', 'earnings', { interval: 0 });
      expect(lines.map((one) => one.carryOut)).deep.equal(['-3']);
      expect((await approveAll('A')).approved).deep.equal([]);
      world.docket.read = read;
      await world.agree();
      expect(await casesOf('A')).deep.equal(['accused B 120: open']);
    });

    it('nothing depends on the notice', async () => {
      await open({ names: ['A', 'B'], payouts: { A: 'manual' } });
      world.docket.tells = false;
      world.owe(0, 'A', 'B', GIB);
      await world.advance(world.schedule(0).paymentEnd + 100);
      expect(await casesOf('A')).deep.equal([]);
      await world.agree();
      expect(await casesOf('A')).deep.equal([`accused B ${price}: open`]);
    });
  });

  it('a stranger’s notice takes no question away from the operator', async () => {
    await open({ names: ['A', 'B'], payouts: { A: 'manual' }, contests: { B: 'ask' } });
    world.owe(0, 'A', 'B', GIB);
    await world.advance(world.schedule(0).paymentEnd);
    expect(await casesOf('B')).deep.equal([`contestant A ${price}: asked`]);
    await world.tell('B', (await pairsOf(world, 'B'))[0]!.id);
    await world.idle();
    await world.agree();
    expect(await casesOf('B')).deep.equal([`contestant A ${price}: asked`]);
  });

  it('who paid to the fallback what was due shows the set-off first, and then the payment', async () => {
    await open({ names: ['A', 'B'], funds: { A: 10n * price } });
    for (const kind of ['statement', 'settlement', 'notice', 'recall']) {
      for (const name of ['A', 'B']) world.down.add(`${kind}:${name}`);
    }
    for (const name of ['A', 'B']) world.down.add(`${name}:/directory/mailbox`);
    world.owe(0, 'A', 'B', 3n * GIB);
    // Of its own IOU B knows nothing.
    world.owe(0, 'B', 'A', GIB, { shownBy: ['A'] });
    const { paymentEnd } = world.schedule(0);
    await world.advance(paymentEnd + 1900);
    for (let times = 0; times < 3; times += 1) {
      await world.advance(world.clock.now() + 1200);
      await world.agree();
    }
    expect(world.docket.posted).deep.equal(['contest B>A: open', 'appeal A set-off: answered', 'appeal A payment: dismissed']);
    expect(await balanceOf(world, 'B')).equal(2n * price);
  });
});
