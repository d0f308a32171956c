import { expect } from 'chai';
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import { createCircuits, type Circuits } from '../../relay/circuit/table.ts';
import { createSessions } from '../../relay/session/table.ts';
import { circuitOf, createNet, genesis, hour, session, totals, type Net } from './net.ts';

const open = { interval: 0, startingBytes: 0n };
const entry: CertifiedCircuit = { circuit: 7, from: 0n, bytes: 0n, hopsLeft: 1, leavesTor: true, closed: false, order: null };

describe('a circuit id that is used again', () => {
  let table: Circuits;
  beforeEach(() => void (table = createCircuits(createSessions())));
  const read = (bytes: bigint, closed: boolean, next = 2) =>
    table.read({ previous: { relay: 'G', connection: null, circuit: 7 }, next: { relay: 'X', circuit: next }, bytes, closed }, 0);
  const certify = (...entries: Partial<CertifiedCircuit>[]) => {
    for (const one of entries) {
      const whole = { ...entry, ...one };
      const known = table.counted('G', whole, 0)?.bytes ?? null;
      expect(known === null || whole.from === known || whole.from === 0n, 'the delivery would be refused').to.equal(true);
      table.certify({ issuer: 'G', interval: 0, tick: 0, isCreditSpent: false, entries: [whole] });
    }
  };
  /** By the next link's circuit id. */
  const owed = () => Object.fromEntries(table.drafts('X', open, 100).map((draft) => [draft.circuit, draft.owed]));

  it('owes for both, when the first had closed before anything of it was certified', () => {
    read(100n, true, 2);
    read(20n, false, 3);
    certify({ bytes: 100n, closed: true }, { bytes: 20n });
    expect(owed()).to.deep.equal({ 2: 100n, 3: 20n });
  });

  it('owes for both, when the bytes fell and nobody said that the first had closed', () => {
    read(100n, false, 2);
    read(20n, false, 3);
    read(35n, false, 3);
    certify({ bytes: 100n, closed: true }, { bytes: 35n });
    expect(owed()).to.deep.equal({ 2: 100n, 3: 35n });
  });

  it('goes on with the first until that is closed by its issuer too', () => {
    read(50n, false, 2);
    certify({ bytes: 50n });
    read(100n, true, 2);
    read(20n, false, 3);
    certify({ from: 50n, bytes: 100n, closed: true }, { bytes: 20n });
    expect(owed()).to.deep.equal({ 2: 100n, 3: 20n });
  });

  it('goes on with the first though the second carried about as much as its issuer counts', () => {
    read(50n, false, 2);
    certify({ bytes: 50n });
    read(100n, true, 2);
    read(155n, false, 3);
    certify({ from: 50n, bytes: 160n, closed: true }, { bytes: 155n });
    expect(owed()).to.deep.equal({ 2: 100n, 3: 155n });
  });

  it('tells a free circuit from a paid one by what was carried', () => {
    read(9n, true, 2);
    read(500n, true, 3);
    read(12n, true, 4);
    certify({ bytes: 499n, closed: true });
    expect(owed()).to.deep.equal({ 3: 499n });
    // Of two alike the one that is as open or closed as the issuer says.
    read(12n, false, 5);
    certify({ bytes: 12n });
    expect(owed()).to.deep.equal({ 3: 499n, 5: 12n });
  });

  it('is not of another length than it was: that is another circuit', () => {
    read(100n, false, 2);
    certify({ bytes: 100n });
    read(120n, true, 2);
    read(110n, false, 3);
    // Its issuer has begun anew and does not know the first any more. That one carried about as much.
    certify({ bytes: 119n, hopsLeft: 2 });
    expect(owed()).to.deep.equal({ 2: 100n, 3: 110n });
  });

  it('is kept for so many free circuits that were never certified, and no more', () => {
    for (let circuit = 1; circuit <= 20; circuit++) read(BigInt(circuit), true, circuit);
    read(1000n, false, 30);
    certify({ bytes: 1n, closed: true });
    expect(Object.keys(owed()).length).to.equal(1);
    expect(owed()).not.to.have.property('1');
  });

  describe('over three relays', () => {
    let net: Net;
    afterEach(() => net.close());

    it('under-owes nobody within a tick, or over the ends of ticks', async () => {
      net = await createNet(['G', 'M', 'X']);
      await net.local('G', 'POST', '/relay/session-open', session('c1'));
      const use = (bytes: bigint) => circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(bytes, true);
      const free = (bytes: bigint) => circuitOf(net, ['G', 'M', 'X'], 'nobody', [2, 11, 21]).carryAt('M', bytes, true);
      use(100n);
      free(31n);
      use(40n);
      await net.until(genesis + hour);
      use(7n);
      use(500n);
      await net.until(genesis + 2 * hour);
      // In the last tick: what waits for an older circuit's end goes as soon as that is acknowledged.
      await net.until(genesis + 6 * hour - 1);
      use(3n);
      use(3n);
      await net.until(genesis + 6 * hour + 1);
      expect(await totals(net, 'G', 'issued', 'M')).to.deep.equal(['653', '653']);
      expect(await totals(net, 'M', 'issued', 'X')).to.deep.equal(['0', '653']);
      expect(await totals(net, 'X', 'held', 'M')).to.deep.equal(['0', '653']);
    });
  });
});
