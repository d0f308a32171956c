import { expect } from 'chai';
import fc from 'fast-check';
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import { addCompared, isUnderCertified, nothingCompared } from '../../relay/circuit/compare.ts';
import { createCircuits, type Circuits, type Taken } from '../../relay/circuit/table.ts';
import { createSessions } from '../../relay/session/table.ts';
import { circuitOf, createNet, genesis, hour, idOf, session, type Net } from './net.ts';

const interval = 6 * hour;
const grace = 600;
const entry: CertifiedCircuit = { circuit: 1, from: 0n, bytes: 0n, hopsLeft: 1, leavesTor: true, closed: false, order: null };

/** A relay between G and X, and what G delivers to it. */
function holder() {
  const table: Circuits = createCircuits(createSessions());
  const given = (tick: number, entries: Partial<CertifiedCircuit>[], changed: Partial<Taken> = {}) =>
    table.certify({
      ...{ issuer: 'G', interval: 0, tick, isCreditSpent: false },
      entries: entries.map((one) => ({ ...entry, ...one })),
      ...changed,
    });
  const read = (bytes: bigint, closed = false, circuit = 1, at = 0) =>
    table.read({ previous: { relay: 'G', connection: null, circuit }, next: { relay: 'X', circuit: 2 }, bytes, closed }, at);
  const under = (at = 0) => table.compared('G', at).underCertifiedBytes;
  const close = (oldest: number) => table.purge([{ interval: oldest, startingBytes: 0n }]);
  return { table, given, read, under, close };
}

describe('what a previous hop certifies beside the own meter', () => {
  it('is due two ticks after the delivery by which it was seen', () => {
    const { given, read, under } = holder();
    read(1000n);
    given(1, [{ bytes: 1000n }]);
    read(5000n);
    given(2, [{ from: 1000n, bytes: 1100n }]);
    // What came since the delivery before may be in transit.
    expect(under()).to.equal(0n);
    given(3, []);
    expect(under()).to.equal(0n);
    // A second part of the same tick makes nothing due.
    given(3, []);
    expect(under()).to.equal(0n);
    given(4, []);
    expect(under()).to.equal(3900n);
    given(5, [{ from: 1100n, bytes: 5000n }]);
    expect(under()).to.equal(0n);
  });

  it('is nothing of an honest issuer, however it is split into readings, deliveries and parts of them', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('carry' as const), circuit: fc.integer({ min: 1, max: 3 }), bytes: fc.bigInt(1n, 900n) }),
      fc.record({ do: fc.constant('tick' as const), parts: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { table, given, read, close } = holder();
        const [carried, certified] = [new Map<number, bigint>(), new Map<number, bigint>()];
        const deliver = (tick: number, circuits: number[], closed = false) => {
          const entries = circuits.map((circuit) => {
            const [from, bytes] = [certified.get(circuit) ?? 0n, carried.get(circuit) ?? 0n];
            certified.set(circuit, bytes);
            return { circuit, from, bytes, closed };
          });
          given(tick, entries);
        };
        let tick = 0;
        for (const one of steps) {
          if (one.do === 'carry') {
            const bytes = (carried.get(one.circuit) ?? 0n) + one.bytes;
            carried.set(one.circuit, bytes);
            read(bytes, false, one.circuit);
            continue;
          }
          tick++;
          const all = [...carried.keys()];
          if (one.parts) for (const circuit of all) deliver(tick, [circuit]);
          else deliver(tick, all);
          const { underCertifiedBytes } = table.compared('G', 0);
          if (!one.parts) expect(underCertifiedBytes).to.equal(0n);
        }
        for (const [circuit, bytes] of carried) read(bytes, true, circuit);
        deliver(tick + 1, [...carried.keys()], true);
        const sum = [...carried.values()].reduce((total, bytes) => total + bytes, 0n);
        expect(close(1).map(({ compared }) => compared)).to.deep.equal([
          { meteredBytes: sum, underCertifiedBytes: 0n, unseenBytes: 0n },
        ]);
      }),
    );
  });

  it('is all that was carried when the circuit or the interval is over', () => {
    const { table, given, read, under, close } = holder();
    read(800n, true);
    given(1, [{ bytes: 100n, closed: true }]);
    expect(under()).to.equal(700n);
    read(500n, false, 2);
    given(2, [{ circuit: 2, bytes: 50n }]);
    read(600n, false, 2, 1);
    expect(close(1)).to.deep.equal([
      { issuer: 'G', interval: 0, compared: { meteredBytes: 1300n, underCertifiedBytes: 1150n, unseenBytes: 0n } },
    ]);
    // Told once; kept to be read until the next one is over too.
    expect(close(1)).to.deep.equal([]);
    expect(under()).to.equal(1150n);
    given(9, [], { interval: 1 });
    given(10, [], { interval: 1 });
    given(11, [], { interval: 1 });
    expect(under(1)).to.equal(100n);
    close(2);
    expect([under(0), table.compared('G', 1).underCertifiedBytes]).to.deep.equal([0n, 100n]);
  });

  it('counts nothing after the issuer said that it closed, nor beyond the credit that was lent', () => {
    const ended = holder();
    ended.read(100n);
    ended.given(1, [{ bytes: 100n }]);
    ended.read(5000n);
    ended.given(2, [{ from: 100n, bytes: 150n, closed: true }]);
    ended.read(9000n, true);
    ended.given(3, []);
    ended.given(4, []);
    ended.given(5, []);
    expect(ended.under()).to.equal(0n);
    expect(ended.close(1)[0]?.compared.underCertifiedBytes).to.equal(0n);
    const spent = holder();
    spent.read(900n, true);
    spent.given(1, [{ bytes: 400n, closed: true }], { isCreditSpent: true });
    expect(spent.under()).to.equal(0n);
  });

  it('shows certified circuits that the meter has not, until it does', () => {
    const { table, given, read, close } = holder();
    given(1, [{ bytes: 70n }, { circuit: 2, bytes: 30n }]);
    expect(table.compared('G', 0).unseenBytes).to.equal(100n);
    read(70n);
    expect(table.compared('G', 0).unseenBytes).to.equal(30n);
    expect(close(1)[0]?.compared).to.deep.equal({ meteredBytes: 70n, underCertifiedBytes: 0n, unseenBytes: 30n });
  });

  it('is worth a warning above a sixteenth of a link’s bytes', () => {
    const less = (meteredBytes: bigint, underCertifiedBytes: bigint) =>
      isUnderCertified(addCompared({ meteredBytes, underCertifiedBytes, unseenBytes: 0n }, nothingCompared));
    expect([less(0n, 0n), less(1600n, 100n), less(1600n, 101n)]).to.deep.equal([false, false, true]);
  });

  describe('on a link', () => {
    let net: Net;
    afterEach(() => net.close());
    interface Shown {
      nickname: string;
      underCertifiedBytes: string;
      unseenBytes: string;
      underCertified: boolean;
      before: { underCertifiedBytes: string; unseenBytes: string };
    }
    const shown = async (at: string, peer: string): Promise<Shown> => {
      const { links } = (await net.local(at, 'GET', '/relay/links')) as { links: Shown[] };
      return links.find((one) => one.nickname === peer) as Shown;
    };
    const warned = (at: string) =>
      net.logged
        .filter((line) => line.at === at && /under-certified|unseen/.test(line.event))
        .map(({ event, fields }) => [event, fields.relay, fields.interval, fields.count]);

    it('is shown and warned of once, two ticks late, is owed to nobody, and has its last word when the books close', async () => {
      net = await createNet(['G', 'M', 'X']);
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
      circuit.carryAt('G', 100n);
      circuit.carryAt('M', 5000n);
      circuit.carryAt('X', 100n);
      await net.until(genesis + 2 * hour);
      expect(await shown('M', 'G')).to.deep.include({ underCertifiedBytes: '0', underCertified: false });
      await net.until(genesis + 3 * hour);
      expect(await shown('M', 'G')).to.deep.include({ underCertifiedBytes: '4900', underCertified: true, unseenBytes: '0' });
      await net.until(genesis + interval + 2 * hour);
      expect(warned('M')).to.deep.equal([
        ['under-certified', idOf('G'), 0, 4900],
        ['interval-under-certified', idOf('G'), 0, 4900],
      ]);
      expect((await shown('M', 'G')).before).to.deep.include({ underCertifiedBytes: '4900', unseenBytes: '0' });
      // The exit was certified all that it carried.
      expect([await shown('X', 'M'), warned('X')]).to.deep.include.members([[]]);
    });

    it('warns of circuits that nobody here has seen', async () => {
      net = await createNet(['G', 'M', 'X']);
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carryAt('G', 300n);
      await net.until(genesis + 2 * hour);
      expect((await shown('M', 'G')).unseenBytes).to.equal('300');
      await net.until(genesis + interval + 2 * hour);
      expect(warned('M')).to.deep.equal([['interval-unseen', idOf('G'), 0, 300]]);
    });

    it('stays silent of an honest neighbour, at a session’s end and at the credit limit too', async () => {
      net = await createNet(['G', 'M', 'X'], { parameters: { creditStartBytes: 2000n, startingBytes: 50n } });
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      const one = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
      const two = circuitOf(net, ['G', 'M', 'X'], 'c1', [2, 12, 22]);
      one.carry(100n);
      two.carry(30n);
      await net.until(genesis + hour);
      two.carry(170n);
      await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session });
      two.carry(9000n);
      await net.local('G', 'POST', '/relay/session-open', session('c2'));
      const three = circuitOf(net, ['G', 'M', 'X'], 'c2', [3, 13, 23]);
      await net.until(genesis + 2 * hour);
      three.carry(5000n, true);
      await net.until(genesis + 2 * interval + grace);
      expect(warned('M')).to.deep.equal([]);
      // X cannot tell whether the less began with M, or before it.
      expect(warned('X').at(-1)?.slice(0, 2)).to.deep.equal(['interval-under-certified', idOf('M')]);
    });

    it('stays silent at the last hop, too, when a session ends and its circuits go on', async () => {
      net = await createNet(['G', 'M', 'X']);
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
      for (let tick = 1; tick <= 3; tick++) {
        circuit.carry(BigInt(tick) * 100n);
        await net.until(genesis + tick * hour);
      }
      await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session });
      for (let tick = 4; tick <= 8; tick++) {
        circuit.carry(BigInt(tick) * 1000n, tick === 8);
        await net.until(genesis + tick * hour);
      }
      await net.until(genesis + 2 * interval + hour);
      expect([warned('M'), warned('X')]).to.deep.equal([[], []]);
    });
  });
});
