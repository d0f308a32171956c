import { expect } from 'chai';
import { circuitOf, createNet, genesis, hour, idOf, session, totals, type Net } from './net.ts';

const interval = 6 * hour;
const grace = 600;

describe('a chain of three relays', () => {
  let net: Net;
  afterEach(() => net.close());

  const open = async (guard = 'G', connection = 'c1', hops = 3) =>
    expect(await net.local(guard, 'POST', '/relay/session-open', session(connection, hops))).to.deep.equal({ done: true });
  const both = async (issuer: string, holder: string, at = 0) => {
    const issued = await totals(net, issuer, 'issued', holder, at);
    expect(await totals(net, holder, 'held', issuer, at)).to.deep.equal(issued);
    return issued;
  };

  it('owes b and b on the first link, 0 and b on the second', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(400n);
    await net.until(genesis + 2 * hour);
    circuit.carry(1000n, true);
    await net.until(genesis + interval + grace);
    expect(await both('G', 'M')).to.deep.equal(['1000', '1000']);
    expect(await both('M', 'X')).to.deep.equal(['0', '1000']);
    expect(await totals(net, 'X', 'issued', 'M')).to.equal(null);
    expect(await totals(net, 'M', 'issued', 'G')).to.equal(null);
  });

  it('completes in grace when all traffic came in the last tick', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    await net.until(genesis + interval - 1);
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(777n);
    await net.until(genesis + interval);
    expect(await both('M', 'X')).to.deep.equal(['0', '777']);
  });

  it('costs the starting amount at least, in the first interval alone', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { startingBytes: 500n } });
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(0n);
    await net.until(genesis + hour);
    expect(await both('G', 'M')).to.deep.equal(['500', '500']);
    await net.until(genesis + interval - 10);
    circuit.carry(20n);
    await net.until(genesis + interval + 1);
    circuit.carry(50n, true);
    await net.until(genesis + 2 * interval + grace);
    expect([await both('G', 'M'), await both('M', 'X')]).to.deep.equal([
      ['500', '500'],
      ['0', '500'],
    ]);
    expect([await both('G', 'M', 1), await both('M', 'X', 1)]).to.deep.equal([
      ['30', '30'],
      ['0', '30'],
    ]);
  });

  it('keeps two circuits on one link, and a link in both directions, apart', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    await open('M', 'c2');
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n, true);
    circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(23n);
    circuitOf(net, ['M', 'G', 'X'], 'c2', [1, 13, 23]).carry(1000n);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['123', '123']);
    expect(await both('M', 'G')).to.deep.equal(['1000', '1000']);
    expect(await both('M', 'X')).to.deep.equal(['0', '123']);
    expect(await both('G', 'X')).to.deep.equal(['0', '1000']);
  });

  it('owes onward no more than was certified, and no more than it carried', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carryAt('G', 100n);
    circuit.carryAt('M', 5000n);
    await net.until(genesis + 3 * hour);
    expect(await both('M', 'X')).to.deep.equal(['0', '100']);
    circuit.carryAt('G', 9000n);
    await net.until(genesis + 5 * hour);
    expect(await both('G', 'M')).to.deep.equal(['9000', '9000']);
    expect(await both('M', 'X')).to.deep.equal(['0', '5000']);
  });

  it('keeps a certification that comes before the own meter shows the circuit', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carryAt('G', 100n);
    await net.until(genesis + 2 * hour);
    expect(await totals(net, 'M', 'issued', 'X')).to.equal(null);
    circuit.carryAt('M', 100n);
    await net.until(genesis + 3 * hour);
    expect(await both('M', 'X')).to.deep.equal(['0', '100']);
  });

  it('bills nothing of free circuits, of a guard that is the last hop, or onward of hops that are none', async () => {
    net = await createNet(['G', 'M', 'X']);
    circuitOf(net, ['G', 'M', 'X'], 'free', [1, 11, 21]).carry(100n);
    await open('G', 'one', 1);
    circuitOf(net, ['G', 'M', 'X'], 'one', [2, 12, 22]).carry(100n);
    await open('G', 'two', 2);
    circuitOf(net, ['G', 'M', 'X'], 'two', [3, 13, 23]).carry(7n);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['0', '7']);
    expect(await totals(net, 'M', 'issued', 'X')).to.equal(null);
  });

  it('stops at the session’s end', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(100n);
    expect(await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session })).to.deep.equal({
      done: true,
    });
    circuit.carry(900n);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['100', '100']);
    expect(await both('M', 'X')).to.deep.equal(['0', '100']);
    expect(await net.local('G', 'POST', '/relay/session-close', { session: 'ff'.repeat(16) })).to.equal('session-unknown');
  });

  it('ticks on without traffic, to the interval’s end and in the next one (rule 5)', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(100n, true);
    await net.until(genesis + hour);
    const before = net.calls.filter((call) => call.path === '/relay/ious' && call.to === 'M').length;
    expect(before).to.equal(1);
    await net.until(genesis + interval - 1);
    expect(net.calls.filter((call) => call.path === '/relay/ious' && call.to === 'M').length).to.equal(5);
    await net.until(genesis + interval + hour);
    expect(await both('G', 'M', 1)).to.deep.equal(['0', '0']);
    expect(await both('G', 'M')).to.deep.equal(['100', '100']);
    const { ious } = (await net.local('M', 'GET', '/relay/ious', { interval: '1' })) as { ious: { serial: string }[] };
    expect(ious.map((one) => one.serial)).to.deep.equal(['2', '2']);
  });

  it('survives a restart of the middle in mid-interval', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(400n);
    await net.until(genesis + 2 * hour);
    expect(await both('M', 'X')).to.deep.equal(['0', '400']);
    await net.crash('M');
    await net.begin('M');
    circuit.carry(1000n);
    await net.until(genesis + interval + grace);
    expect(await both('G', 'M')).to.deep.equal(['1000', '1000']);
    expect(await both('M', 'X')).to.deep.equal(['0', '1000']);
    expect(net.calls.filter((call) => call.path === '/relay/acks' && call.from === 'M').length).to.equal(2);
  });

  it('survives a restart of the guard between its signature and its ack', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(400n);
    await net.until(genesis + hour);
    net.down.add('M');
    circuit.carry(900n, true);
    await net.until(genesis + 2 * hour);
    expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['900', '900']);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['400', '400']);
    await net.crash('G');
    net.down.delete('M');
    await net.begin('G');
    await open('G', 'c9');
    circuitOf(net, ['G', 'M', 'X'], 'c9', [1, 19, 29]).carry(50n, true);
    await net.until(genesis + interval + grace);
    // What it had signed is owed, attributed or not; only the attributed goes on.
    expect(await both('G', 'M')).to.deep.equal(['950', '950']);
    expect(await both('M', 'X')).to.deep.equal(['0', '450']);
  });

  it('takes what its holder holds as the floor when its own book was lost', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(400n, true);
    await net.until(genesis + hour);
    await net.crash('G');
    await net.database('G').transaction((tx) => tx.run('DELETE FROM iou'));
    await net.begin('G');
    await open('G', 'c2');
    circuitOf(net, ['G', 'M', 'X'], 'c2', [1, 12, 22]).carry(5n, true);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['405', '405']);
    expect(await both('M', 'X')).to.deep.equal(['0', '405']);
  });

  it('catches up with a holder that was unreachable, and shows it meanwhile', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(10n);
    await net.until(genesis + hour);
    net.down.add('X');
    for (let tick = 2; tick <= 4; tick++) {
      circuit.carry(BigInt(tick) * 100n);
      await net.until(genesis + tick * hour);
    }
    const { links } = (await net.local('M', 'GET', '/relay/links')) as {
      links: { nickname: string; unreachableSince: number | null }[];
    };
    expect(links.find((one) => one.nickname === 'X')?.unreachableSince).to.be.a('number');
    expect(links.find((one) => one.nickname === 'G')?.unreachableSince).to.equal(null);
    net.down.delete('X');
    await net.until(genesis + 5 * hour);
    expect(await both('M', 'X')).to.deep.equal(['0', '400']);
  });

  it('changes nothing when an ack was lost', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(10n);
    await net.until(genesis + hour);
    net.deaf.add('M');
    circuit.carry(30n);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['30', '30']);
    net.deaf.delete('M');
    circuit.carry(31n);
    await net.until(genesis + 5 * hour);
    expect(await both('G', 'M')).to.deep.equal(['31', '31']);
    expect(await both('M', 'X')).to.deep.equal(['0', '31']);
  });

  it('shows a next hop that the directory does not know, and bills it nothing', async () => {
    net = await createNet(['G', 'M', 'X'], { unknown: ['M'] });
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(10n);
    await net.until(genesis + 2 * hour);
    expect(net.calls).to.deep.equal([]);
    const { links } = (await net.local('G', 'GET', '/relay/links')) as { links: { peer: string; billed: boolean }[] };
    expect(links.map(({ peer, billed }) => ({ peer, billed }))).to.deep.equal([{ peer: idOf('M'), billed: false }]);
    expect(((await net.local('G', 'GET', '/relay/status')) as { unbilled: number }).unbilled).to.equal(1);
  });

  it('turns circuits free for good at the credit limit, for later hops too, and pays new ones after a payment', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 1000n } });
    await open();
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    // 2.5 bytes of credit a byte: 400 fit.
    circuit.carry(330n);
    await net.until(genesis + hour);
    const warned = (await net.local('M', 'GET', '/relay/links')) as {
      links: { nickname: string; lent: { warning: boolean; leftBytes: string } }[];
    };
    expect(warned.links.find((one) => one.nickname === 'G')?.lent).to.include({ warning: true, leftBytes: '175' });
    const borrower = (await net.local('G', 'GET', '/relay/links')) as { links: { borrowed: { warning: boolean } }[] };
    expect(borrower.links[0]?.borrowed.warning).to.equal(true);
    circuit.carry(5000n);
    await net.until(genesis + 2 * hour);
    expect(await both('G', 'M')).to.deep.equal(['400', '400']);
    circuit.carry(6000n, true);
    await net.until(genesis + interval + grace);
    expect(await both('G', 'M')).to.deep.equal(['400', '400']);
    expect(await both('M', 'X')).to.deep.equal(['0', '400']);
    const outcome = { peer: idOf('G'), interval: 0, outcome: 'paid', rail: 'ledger', received: '1000' };
    expect(await net.local('M', 'POST', '/relay/outcome', outcome)).to.deep.equal({ done: true });
    await net.until(genesis + interval + 2 * hour);
    circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]).carry(100n);
    await net.until(genesis + interval + 4 * hour);
    expect(await both('G', 'M', 1)).to.deep.equal(['100', '100']);
  });

  it('takes no account of credit within a family', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 100n }, families: ['G', 'M'] });
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(5000n);
    await net.until(genesis + 3 * hour);
    expect(await both('G', 'M')).to.deep.equal(['5000', '5000']);
  });

  it('delivers more circuits than one delivery takes', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    for (let id = 1; id <= 1201; id++) circuitOf(net, ['G', 'M', 'X'], 'c1', [id, id, id]).carry(10n, true);
    await net.until(genesis + hour);
    expect(await both('G', 'M')).to.deep.equal(['12010', '12010']);
    await net.until(genesis + 2 * hour);
    expect(await both('M', 'X')).to.deep.equal(['0', '12010']);
  });

  it('hands out the closed book in pages, once it is closed', async () => {
    net = await createNet(['G', 'M', 'X']);
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(10n);
    await net.until(genesis + interval + grace - 1);
    expect(await net.local('M', 'POST', '/relay/book', { interval: 0, after: null })).to.equal('book-open');
    await net.until(genesis + interval + grace);
    const page = (await net.local('M', 'POST', '/relay/book', { interval: 0, after: null })) as {
      lines: { peer: string; held: object | null; issued: object | null }[];
      next: string | null;
    };
    expect(page.next).to.equal(null);
    expect(page.lines.map(({ peer, held, issued }) => [peer, held !== null, issued !== null])).to.deep.equal(
      [
        [idOf('G'), true, false],
        [idOf('X'), false, true],
      ].sort(),
    );
  });

  it('forgets the IOUs after the appeal window', async () => {
    net = await createNet(['G', 'M', 'X'], { parameters: { contestWindowSec: hour, appealWindowSec: hour } });
    await open();
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(10n);
    const appealEnd = genesis + interval + 1800 + 3 * hour;
    const forOwn = async () => ((await net.local('G', 'GET', '/relay/status')) as { forOwn: unknown }).forOwn;
    await net.until(appealEnd - 1);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['10', '10']);
    expect(await forOwn()).to.deep.equal([{ interval: 0, bytes: '10' }]);
    await net.until(appealEnd);
    expect(await totals(net, 'M', 'held', 'G')).to.equal(null);
    expect(await forOwn()).to.deep.equal([]);
  });
});
