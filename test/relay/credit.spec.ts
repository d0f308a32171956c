import { expect } from 'chai';
import fc from 'fast-check';
import { testTerms } from '../harness/view.ts';
import { UNITS_MAX } from '../../core/limits.ts';
import { boughtBytes, creditOf, creditUnits, isNearLimit } from '../../relay/credit/decide.ts';
import { circuitOf, createNet, genesis, hour, idOf, session, totals, type Net } from './net.ts';

const terms = testTerms(0);
const traffic = (relayBytes: bigint, exitBytes: bigint) => ({ relayBytes, exitBytes });

describe('credit', () => {
  it('is reckoned with the exit’s share, rounded up', () => {
    expect(creditUnits(terms, traffic(10n, 10n))).to.equal(25n);
    expect(creditUnits(terms, traffic(0n, 1n))).to.equal(2n);
  });

  it('is what is lent at the start and what came in, less what is unpaid', () => {
    const unpaid = [
      { terms, totals: traffic(100n, 0n) },
      { terms: testTerms(1), totals: traffic(0n, 100n) },
    ];
    const book = { startBytes: 200n, receivedBytes: 100n, unpaid, family: false };
    expect(creditOf(book)).to.deep.equal({ limitBytes: 300n, usedBytes: 250n, leftBytes: 50n, warning: true });
    expect(creditOf({ ...book, receivedBytes: 113n }).warning).to.equal(false);
    expect(creditOf({ ...book, startBytes: 0n }).leftBytes).to.equal(0n);
    expect(creditOf({ ...book, family: true }).leftBytes).to.equal(UNITS_MAX);
  });

  it('warns from 80 % on', () => {
    expect([79n, 80n, 100n].map((used) => isNearLimit(used, 100n - used))).to.deep.equal([false, true, true]);
    expect(isNearLimit(0n, 0n)).to.equal(false);
  });

  it('grows by the bytes that a payment buys, and never beyond what an Ack can say', () => {
    const rail = { price: 1_000_000_000n, quantum: 1n, dust: 0n };
    expect(boughtBytes(rail, 1_000_000_000n)).to.equal(2n ** 30n);
    expect(boughtBytes({ ...rail, price: 0n }, 5n)).to.equal(0n);
    fc.assert(
      fc.property(fc.bigInt(0n, UNITS_MAX), fc.bigInt(0n, UNITS_MAX), (startBytes, amount) => {
        const { leftBytes } = creditOf({ startBytes, receivedBytes: boughtBytes(rail, amount), unpaid: [], family: false });
        expect(leftBytes <= UNITS_MAX && leftBytes >= 0n).to.equal(true);
      }),
    );
  });

  describe('outcomes', () => {
    let net: Net;
    afterEach(() => net.close());
    const rows = () => net.database('M').transaction((tx) => tx.all('SELECT outcome, received FROM pair_outcome'));
    const say = (outcome: string, received: string) =>
      net.local('M', 'POST', '/relay/outcome', { peer: idOf('G'), interval: 0, outcome, rail: 'ledger', received });

    const lent = async () => {
      const { links } = (await net.local('M', 'GET', '/relay/links')) as { links: { nickname: string; lent: object }[] };
      return links.find((one) => one.nickname === 'G')?.lent;
    };

    it('discharge what was certified, and raise the limit for so many intervals', async () => {
      net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n, creditIntervals: 2 } });
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n, true);
      await net.until(genesis + 7 * hour);
      expect(await lent()).to.include({ limitBytes: '1000', usedBytes: '250' });
      await say('unpaid', '0');
      expect(await lent()).to.include({ limitBytes: '1000', usedBytes: '250' });
      await say('paid', '1000');
      expect(await lent()).to.include({ limitBytes: '2073', usedBytes: '0', leftBytes: '2073' });
      await net.until(genesis + 18 * hour - 1);
      expect(await lent()).to.include({ limitBytes: '2073' });
      await net.until(genesis + 18 * hour);
      expect(await lent()).to.include({ limitBytes: '1000' });
    });

    it('are not waited for: what nobody paid and nobody contested lapses with the contest window', async () => {
      const windows = { paymentWindowSec: hour, contestWindowSec: hour, appealWindowSec: 12 * hour };
      net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n, ...windows } });
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(1000n, true);
      const contestEnd = genesis + 6 * hour + 1800 + 2 * hour;
      await net.until(contestEnd - 1);
      expect(await lent()).to.include({ limitBytes: '1000', usedBytes: '1000', leftBytes: '0' });
      await net.until(contestEnd);
      expect(await lent()).to.include({ limitBytes: '1000', usedBytes: '0', leftBytes: '1000' });
      // The issuer hears of it with the next ack, and the IOU is kept for the appeal.
      await net.until(contestEnd + hour);
      const { links } = (await net.local('G', 'GET', '/relay/links')) as { links: { borrowed: object }[] };
      expect(links[0]?.borrowed).to.include({ usedBytes: '0', leftBytes: '1000' });
      expect(await totals(net, 'M', 'held', 'G', 0)).to.deep.equal(['400', '400']);
      circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(70n, true);
      await net.until(contestEnd + 2 * hour);
      expect(await totals(net, 'M', 'held', 'G', 1)).to.deep.equal(['70', '70']);
    });

    it('pay new circuits, but not those that had turned free', async () => {
      net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n } });
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      const free = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
      free.carry(1000n);
      await net.until(genesis + 7 * hour);
      await say('paid', '1000');
      await net.until(genesis + 9 * hour);
      free.carry(1100n);
      circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(30n);
      await net.until(genesis + 11 * hour);
      expect(await totals(net, 'M', 'held', 'G', 0)).to.deep.equal(['400', '400']);
      expect(await totals(net, 'M', 'held', 'G', 1)).to.deep.equal(['30', '30']);
      expect(await totals(net, 'X', 'held', 'M', 1)).to.deep.equal(['0', '30']);
    });

    it('are kept once, and go from unpaid to late, never back', async () => {
      net = await createNet(['G', 'M']);
      await say('unpaid', '0');
      await say('late', '700');
      await say('late', '700');
      await say('unpaid', '0');
      expect(await rows()).to.deep.equal([{ outcome: 'late', received: 700 }]);
    });
  });
});
