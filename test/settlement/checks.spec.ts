/*
 * What a debtor refuses to sign, and in which order; what it refuses over the link; and which receipts discharge it.
 */
import { expect } from 'chai';
import { asStored, sign, type Signed } from '../../core/crypto/sign.ts';
import type { Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import { settlementRefusals, type Receipt, type Settlement, type Statement } from '../../core/wire/settlement.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { refusalOf, type SettlementCase } from '../../settlement/agree/decide.ts';
import { bestIou } from '../../settlement/pair/iou.ts';
import { openPair } from '../../settlement/pair/pair.ts';
import { networkId, testKey } from '../harness/view.ts';
import { fallbackOf, openWorld, pairsOf, statesOf, type World } from './world.ts';

const price = 1_000_000_000n;

function iouOf(serial: bigint, relayBytes: bigint, exitBytes = 0n) {
  const body = { serial, relayBytes, exitBytes } as Iou;
  return asStored(sign('iou', networkId, body, testKey('iou')));
}

describe('which of two IOUs counts', () => {
  const cases: readonly (readonly [string, ReturnType<typeof iouOf>, ReturnType<typeof iouOf>, 'first' | 'second'])[] = [
    ['the higher serial', iouOf(2n, 10n), iouOf(1n, 5n), 'first'],
    ['the higher serial of equal totals', iouOf(2n, 5n), iouOf(1n, 5n), 'first'],
    ['not a higher serial with a lower total', iouOf(2n, 9n, 9n), iouOf(1n, 5n, 10n), 'second'],
    ['of one serial the larger', iouOf(2n, 9n), iouOf(2n, 5n), 'first'],
    ['of one serial and as many relay bytes, more exit bytes', iouOf(2n, 9n, 1n), iouOf(2n, 9n, 2n), 'second'],
  ];
  for (const [title, first, second, best] of cases) {
    it(`${title}, whichever is shown first`, () => {
      const expected = best === 'first' ? first : second;
      expect(bestIou(first, second)).equal(expected);
      expect(bestIou(second, first)).equal(expected);
    });
  }
  it('the only one', () => {
    expect(bestIou(null, iouOf(1n, 1n))?.body.serial).equal(1n);
    expect(bestIou(iouOf(1n, 1n), null)?.body.serial).equal(1n);
    expect(bestIou(null, null)).equal(null);
  });
});

describe('what a debtor signs', () => {
  const carry = { amount: 0n, since: 0 };
  const owed = iouOf(1n, GIB);
  const body: Settlement = {
    ...{ id: 'id', creditor: 'B', creditorKey: 1, debtor: 'A', debtorKey: 1, interval: 0, terms: 'terms' },
    ...{ owed, owing: null, carryIn: carry, amount: 100n, carryLeft: carry, rail: 'ledger', destination: 'fresh', due: 300 },
  };
  const schedule = { start: 0, cutOff: 100, booksClose: 200, bst: 300, paymentEnd: 400, contestEnd: 500, appealEnd: 600 };
  const statement = sign('statement', networkId, {} as Statement, testKey('statement'));
  const good: SettlementCase = {
    ...{ me: 'A', from: 'B', signed: { body, signature: '00' }, expectedId: 'id', now: 250, relayKnown: true, terms: 'terms' },
    ...{ signatureGood: true, schedule, closed: true, owed, owing: null, bestOwed: owed, bestOwing: null },
    pair: { ...openPair(networkId, 0, 'A', 'B'), state: 'stated', theirs: statement },
    net: {
      ...{ rail: 'ledger', side: 'debtor', amount: 100n, carryIn: carry, carryOut: carry, forgiven: 0n },
      ...{ heldValue: 0n, issuedValue: 100n },
    },
    ...{ chosenRail: 'ledger', destinationGood: true, fromLetter: false },
  };
  const withBody = (changes: Partial<Settlement>) => (of: SettlementCase) => ({
    ...of,
    signed: { ...of.signed, body: { ...of.signed.body, ...changes } },
  });

  /** In the order in which they must be refused; each fault leaves the later ones to be found. */
  const faults: readonly (readonly [keyof typeof settlementRefusals, (of: SettlementCase) => SettlementCase])[] = [
    ['settlement-not-mine', withBody({ debtor: 'C' })],
    ['settlement-unknown-relay', (of) => ({ ...of, relayKnown: false })],
    ['settlement-unknown-terms', (of) => ({ ...of, terms: null })],
    ['settlement-other-terms', withBody({ terms: 'other' })],
    ['settlement-signature', (of) => ({ ...of, signatureGood: false })],
    ['settlement-early', (of) => ({ ...of, now: 199 })],
    ['settlement-late', (of) => ({ ...of, now: 500 })],
    ['settlement-iou', (of) => ({ ...of, owing: false })],
    ['settlement-no-statement', (of) => ({ ...of, pair: of.pair && { ...of.pair, theirs: null } })],
    ['settlement-direction', (of) => ({ ...of, net: of.net && { ...of.net, side: 'creditor' } })],
    ['settlement-amount', withBody({ amount: 101n })],
    ['settlement-rail', withBody({ rail: 'gold' })],
    ['settlement-destination', (of) => ({ ...of, destinationGood: false })],
    ['settlement-conflict', (of) => ({ ...of, pair: of.pair && { ...of.pair, state: 'agreed' } })],
  ];

  it('is what is in order', () => {
    expect(refusalOf(good)).equal(null);
  });

  it('is checked in the order of the table', () => {
    const table = Object.keys(settlementRefusals).filter((code) => code.startsWith('settlement-'));
    expect(faults.map(([code]) => code)).deep.equal(table);
  });

  it('with everything wrong: peeled one fault at a time', () => {
    for (const place of faults.keys()) {
      // Two faults cannot stand together in time: late is not early.
      const wrong = faults.slice(place).filter(([code]) => code !== 'settlement-late' || place === 6);
      const of = wrong.reduce((made, [, spoil]) => spoil(made), good);
      expect(refusalOf(of)?.code).equal(faults[place]?.[0]);
    }
  });

  const amounts: readonly (readonly [string, (of: SettlementCase) => SettlementCase])[] = [
    ['a carry of another amount', withBody({ carryIn: { amount: 1n, since: 0 } })],
    ['another rest', withBody({ carryLeft: { amount: 1n, since: 0 } })],
    ['another due time', withBody({ due: 301 })],
    ['an older IOU of mine', (of) => ({ ...of, bestOwed: iouOf(2n, 2n * GIB) })],
    ['an older IOU of its own', (of) => ({ ...of, bestOwing: iouOf(1n, 1n) })],
    ['sums that nobody can reckon', (of) => ({ ...of, net: of.net && { ...of.net, amount: 99n } })],
  ];
  for (const [title, spoil] of amounts) {
    it(`not with ${title}`, () => expect(refusalOf(spoil(good))?.code).equal('settlement-amount'));
  }

  it('from a letter also a smaller claim, by an older IOU of mine; never one that leaves out what it owes me', () => {
    const older = { ...good, fromLetter: true, bestOwed: iouOf(2n, 2n * GIB) };
    expect(refusalOf(older)).equal(null);
    expect(refusalOf({ ...older, bestOwing: iouOf(1n, 1n) })?.code).equal('settlement-amount');
  });

  it('no destination where nothing is paid, and one where something is', () => {
    expect(refusalOf(withBody({ destination: null })(good))?.code).equal('settlement-destination');
    const nothing = { ...good, net: good.net && { ...good.net, amount: 0n } };
    expect(refusalOf(withBody({ amount: 0n })(nothing))?.code).equal('settlement-destination');
  });
});

describe('over the link', () => {
  let world: World;
  afterEach(() => world.close());
  const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.refusal.code);

  /** B is owed, and its own messages do not get through. */
  async function stated(): Promise<Settlement> {
    world = await openWorld({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.down.add('B:settlement:A');
    await world.advance(world.schedule(0).booksClose + 10);
    expect(await statesOf(world, 'A')).deep.equal([`B: stated ${price}`]);
    const sent = (await pairsOf(world, 'B'))[0]?.settlement as unknown as Signed<Record<string, never>>;
    return sent.body as unknown as Settlement;
  }

  const put = (body: unknown, signer = 'B', from = 'B') =>
    world.link(from, 'A', '/settlement/settlements', sign('settlement', networkId, body, testKey(`${signer} settlement`)));

  it('only the right amount, to a fresh destination of the rail, signed by the creditor', async () => {
    const right = await stated();
    const spent = world.of('C').wallet.at('spent');
    await world.of('A').wallet.pay({ id: 'cd'.repeat(32), outputs: [{ destination: spent, amount: 1n }] });
    const answers: [string, string][] = [
      ['settlement-not-mine', codeOf(await put(right, 'B', 'C'))],
      ['settlement-signature', codeOf(await put(right, 'C'))],
      ['settlement-other-terms', codeOf(await put({ ...right, terms: '11'.repeat(32) }))],
      ['settlement-iou', codeOf(await put({ ...right, owing: right.owed }))],
      ['settlement-direction', codeOf(await put({ ...right, owed: null }))],
      ['settlement-amount', codeOf(await put({ ...right, amount: String(price + 1n) }))],
      ['settlement-rail', codeOf(await put({ ...right, rail: 'gold' }))],
      ['settlement-destination', codeOf(await put({ ...right, destination: 'nowhere' }))],
      ['settlement-destination', codeOf(await put({ ...right, destination: spent }))],
    ];
    for (const [expected, code] of answers) expect(code).equal(expected);
    expect(await statesOf(world, 'A')).deep.equal([`B: stated ${price}`]);
  });

  it('the same twice is one signature, another after it a conflict', async () => {
    const right = await stated();
    const [first, again] = [await put(right), await put(right)];
    expect(first.ok && again.ok && first.value).deep.equal(again.ok && again.value);
    const other = { ...right, destination: world.of('B').wallet.at('other') };
    expect(codeOf(await put(other))).equal('settlement-conflict');
  });

  it('statements of others, of open books and of lapsed ones are refused', async () => {
    world = await openWorld({ names: ['A', 'B'] });
    world.owe(0, 'A', 'B', GIB);
    const body: Statement = {
      ...{ from: world.of('B').id, fromKey: 1, to: world.of('A').id, interval: 0, terms: world.view.termsDigest(0) as string },
      ...{ held: null, issued: null, rails: ['ledger'] },
    };
    const say = (changes: Partial<Statement>, signer = 'B') =>
      world.link(
        'B',
        'A',
        '/settlement/statements',
        sign('statement', networkId, { ...body, ...changes }, testKey(`${signer} settlement`)),
      );
    expect(codeOf(await say({}))).equal('settlement-early');
    await world.stop('B');
    await world.advance(world.schedule(0).booksClose + 1);
    expect(codeOf(await say({ to: world.of('B').id }))).equal('settlement-not-mine');
    expect(codeOf(await say({ terms: '11'.repeat(32) }))).equal('settlement-other-terms');
    expect(codeOf(await say({}, 'A'))).equal('settlement-signature');
    const foreign = world.owe(5, 'B', 'A', GIB);
    expect(codeOf(await say({ issued: foreign }))).equal('settlement-iou');
    expect(codeOf(await say({}))).equal('ok');
    await world.advance(world.schedule(0).contestEnd);
    expect(codeOf(await say({}))).equal('settlement-late');
  });

  it('a receipt must be the creditor’s, of the amount, and show the payment at the destination', async () => {
    world = await openWorld({ names: ['A', 'B', 'C'], funds: { A: 10n * price } });
    world.owe(0, 'A', 'B', GIB);
    world.owe(0, 'A', 'C', GIB);
    for (const name of ['A', 'B', 'C']) for (const kind of ['receipt', 'notice']) world.down.add(`${kind}:${name}`);
    const { bst } = world.schedule(0);
    await world.advance(bst + 70);
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`, `C: paid ${price}`]);
    const receiptOf = async (name: string) => (await pairsOf(world, name))[0]?.receipt?.body as unknown as Receipt;
    const [right, other] = [await receiptOf('B'), await receiptOf('C')];
    const give = (changes: object, signer = 'B', from = 'B') =>
      world.link(
        from,
        'A',
        '/settlement/receipts',
        sign('receipt', networkId, { ...right, ...changes }, testKey(`${signer} settlement`)),
      );
    const wrong: [string, string][] = [
      ['settlement-not-mine', codeOf(await give({}, 'B', 'C'))],
      ['settlement-signature', codeOf(await give({}, 'C'))],
      ['receipt-unknown', codeOf(await give({ settlement: '11'.repeat(32) }))],
      ['receipt-amount', codeOf(await give({ amount: String(price - 1n) }))],
      ['receipt-amount', codeOf(await give({ payment: other.payment, proof: other.proof }))],
    ];
    for (const [expected, code] of wrong) expect(code).equal(expected);
    expect(await statesOf(world, 'A')).deep.equal([`B: paid ${price}`, `C: paid ${price}`]);
    expect(codeOf(await give({}))).equal('ok');
    expect(codeOf(await give({}))).equal('ok');
    expect(await statesOf(world, 'A')).deep.equal([`B: receipted ${price}`, `C: paid ${price}`]);
  });

  it('no receipt for a notice of a payment that is not there, is too small, or is another pair’s', async () => {
    world = await openWorld({
      names: ['A', 'B', 'C'],
      funds: { A: 10n * price, C: 10n * price },
      payouts: { A: 'manual', C: 'manual' },
    });
    world.owe(0, 'A', 'B', 2n * GIB);
    world.owe(0, 'C', 'B', 2n * GIB);
    await world.advance(world.schedule(0).bst);
    const pairs = await pairsOf(world, 'B');
    const at = (name: string) => pairs.find((one) => one.nickname === name);
    const note = (name: string, payment: string) =>
      world.link(name, 'B', '/settlement/notices', { settlement: at(name)?.id, rail: 'ledger', payment, signed: null });
    expect(codeOf(await note('A', '77'))).equal('receipt-unknown');
    const pay = async (from: string, destination: string, amount: bigint, id: string) => {
      const paid = await world.of(from).wallet.pay({ id: id.repeat(32), outputs: [{ destination, amount }] });
      return paid.ok ? (paid.value.payments[0] as string) : 'not paid';
    };
    const small = await pay('A', at('A')?.destination as string, price, '01');
    expect(codeOf(await note('A', small))).equal('receipt-unknown');
    const ownFallback = fallbackOf(world, 'B', at('C')?.id as string);
    const fallback = await pay('C', ownFallback, 2n * price, '02');
    // Whoever claims another's payment first gets nothing by it, and the same money does not discharge another debt.
    expect(codeOf(await note('A', fallback))).equal('receipt-unknown');
    expect(codeOf(await note('C', fallback))).equal('ok');
    expect(codeOf(await note('A', fallback))).equal('receipt-unknown');
    expect(
      codeOf(
        await world.link('C', 'B', '/settlement/notices', {
          settlement: at('A')?.id,
          rail: 'ledger',
          payment: small,
          signed: null,
        }),
      ),
    ).equal('receipt-unknown');
  });
});
