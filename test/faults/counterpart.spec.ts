/*
 * A counterpart that disputes, names a destination that cannot be used, or answers with what belongs elsewhere: the journey ends as
 * rules 8 and 9 say, and what is due is paid once. What test/settlement and test/journeys have already is not repeated here.
 */
import { expect } from 'chai';
import { sign } from '../../core/crypto/sign.ts';
import type { Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import type { Settlement, Statement } from '../../core/wire/settlement.ts';
import type { Endpoint } from '../../host/ports.ts';
import { networkId, testKey } from '../harness/view.ts';
import { balanceOf, openWorld, pairsOf, statesOf, type World } from '../settlement/world.ts';

const price = 1_000_000_000n;

describe('a counterpart that does not play along', () => {
  let world: World;
  afterEach(() => world.close());
  const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.refusal.code);

  /** What it answers on a path is changed. */
  function answering(name: string, path: string, changed: (answer: Result<unknown>) => Result<unknown>): void {
    const endpoint = world.of(name).role?.endpoints.find((one) => one.path === path) as Endpoint;
    const { answer } = endpoint;
    Object.assign(endpoint, { answer: async (...given: Parameters<Endpoint['answer']>) => changed(await answer(...given)) });
  }
  const put = (path: string, body: object, object: 'settlement' | 'statement') =>
    world.link('B', 'A', path, sign(object, networkId, body, testKey('B settlement')));
  async function expectPaidOnce(): Promise<void> {
    await world.advance(world.schedule(0).contestEnd);
    expect(await statesOf(world, 'A', 0)).deep.equal([`B: receipted ${price}`]);
    expect(await statesOf(world, 'B', 0)).deep.equal([`A: receipted ${price}`]);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'B')]).deep.equal([9n * price, price]);
    expect(world.docket.posted).deep.equal([]);
  }

  it('offers destinations that cannot be used, and then answers no more: paid once, to the place of its letter', async () => {
    world = await openWorld({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.down.add('B:settlement:A');
    await world.advance(world.schedule(0).booksClose + 10);
    const right = (await pairsOf(world, 'B'))[0]?.settlement?.body as unknown as Settlement;
    const mine = world.of('A').wallet.at('mine');
    await world.of('A').wallet.pay({ id: 'ab'.repeat(32), outputs: [{ destination: mine, amount: 1n }] });
    const destinations: readonly (readonly [string, string, string])[] = [
      ['a word', 'nowhere', 'settlement-destination'],
      ['of Bitcoin', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'settlement-destination'],
      ['of Bitcoin’s test network', 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx', 'settlement-destination'],
      ['cut off', right.destination?.slice(0, -1) ?? '', 'settlement-destination'],
      ['in capitals', right.destination?.toUpperCase() ?? '', 'settlement-destination'],
      ['that was paid to before', mine, 'settlement-destination'],
    ];
    for (const [what, destination, code] of destinations)
      expect(codeOf(await put('/settlement/settlements', { ...right, destination }, 'settlement')), what).equal(code);
    expect(codeOf(await put('/settlement/settlements', { ...right, rail: 'bitcoin' }, 'settlement'))).equal('settlement-rail');
    await world.advance(world.schedule(0).bst - 1);
    expect(world.letters.length).above(0);
    await expectPaidOnce();
  });

  it('names somebody else’s destination: it is paid there by its own word, and once; it cannot contest', async () => {
    world = await openWorld({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.down.add('B:settlement:A');
    await world.advance(world.schedule(0).booksClose + 10);
    const right = (await pairsOf(world, 'B'))[0]?.settlement?.body as unknown as Settlement;
    const others = world.of('C').wallet.at('others');
    expect(codeOf(await put('/settlement/settlements', { ...right, destination: others }, 'settlement'))).equal('ok');
    await world.advance(world.schedule(0).paymentEnd + 60);
    expect([await balanceOf(world, 'A'), await balanceOf(world, 'C')]).deep.equal([9n * price, price]);
    expect((await pairsOf(world, 'A'))[0]).include({ state: 'paid', destination: others });
    // What it then says of not having been paid, A answers with the settlement that it signed.
    await world.advance(world.schedule(0).contestEnd);
    for (let times = 0; times < 2; times += 1) {
      await world.agree();
      await world.advance(world.clock.now() + 6 * 3600);
    }
    expect(world.docket.posted.filter((line) => line.startsWith('contest')).length).most(1);
    expect(world.docket.posted.filter((line) => /upheld/.test(line))).deep.equal([]);
    expect(await balanceOf(world, 'A')).equal(9n * price);
  });

  it('disputes the totals, less or more than both have signed: refused, or of no weight, and paid as signed', async () => {
    world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price } });
    const older = world.owe(0, 'A', 'B', GIB / 2n);
    const newest = world.owe(0, 'A', 'B', GIB, { serial: 2n });
    for (const kind of ['statement', 'settlement']) world.down.add(`B:${kind}:A`);
    world.down.add('A:statement:B');
    await world.advance(world.schedule(0).booksClose + 10);
    const body: Statement = {
      ...{ from: world.of('B').id, fromKey: 1, to: world.of('A').id, interval: 0, terms: world.view.termsDigest(0) as string },
      ...{ held: older, issued: null, rails: ['ledger'] },
    };
    // More: an IOU that A never signed.
    const made = { ...newest.body, serial: 3n, relayBytes: 9n * GIB };
    const forged = sign('iou', networkId, made, testKey('B iou'));
    expect(codeOf(await put('/settlement/statements', { ...body, held: forged }, 'statement'))).equal('settlement-iou');
    // Less: the older one.
    expect(codeOf(await put('/settlement/statements', body, 'statement'))).equal('ok');
    expect(await statesOf(world, 'A')).deep.equal([`B: stated ${price}`]);
    for (const at of [...world.down]) world.down.delete(at);
    await expectPaidOnce();
  });

  it('answers with its objects of another interval: they are not taken, and it is paid by what is signed', async () => {
    world = await openWorld({ names: ['A', 'B'], funds: { A: 20n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(1, 'A', 'B', 2n * GIB);
    await world.advance(world.schedule(0).contestEnd);
    expect(await statesOf(world, 'A', 0)).deep.equal([`B: receipted ${price}`]);
    const [before] = await pairsOf(world, 'B', 0);
    answering('B', '/settlement/statements', () => ({ ok: true, value: before?.mine }));
    answering('A', '/settlement/settlements', () => ({ ok: true, value: before?.settlement }));
    world.down.add('B:statement:A');
    await world.advance(world.schedule(1).contestEnd);
    expect(await balanceOf(world, 'A')).equal(17n * price);
    expect(await balanceOf(world, 'B')).equal(3n * price);
    expect(await statesOf(world, 'A', 0)).deep.equal([`B: receipted ${price}`]);
    const [now] = await pairsOf(world, 'A', 1);
    expect(now).include({ state: 'receipted', amount: String(2n * price) });
    expect(now?.settlement?.body['interval'] ?? 1).equal(1);
  });

  it('answers notice and receipt for days with nothing, and then as it should: one payment, one receipt', async () => {
    world = await openWorld({ names: ['A', 'B'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    for (const kind of ['notice', 'receipt']) for (const name of ['A', 'B']) world.lost.add(`${kind}:${name}`);
    const { bst, appealEnd } = world.schedule(0);
    await world.advance(bst + 3000);
    for (const at of [...world.lost]) world.lost.delete(at);
    await world.advance(appealEnd);
    expect(await balanceOf(world, 'B')).equal(price);
    expect((await pairsOf(world, 'A'))[0]).include({ state: 'receipted' });
  });
});
