/*
 * From cells and dumps to readings: who is read and who is not, what is held until a dump shows it, what never falls though channels
 * close and tor begins anew, and when a circuit is over.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { CellStats } from '../../tor/reading/cells.ts';
import { createChannels } from '../../tor/reading/channels.ts';
import { CELL_BYTES } from '../../tor/meter.ts';
import { createCircuits } from '../../tor/reading/circuits.ts';
import { createClients } from '../../tor/reading/clients.ts';
import type { Channel } from '../../tor/reading/dump.ts';

const [A, B, STRANGER] = ['A', 'B', 'C'].map((letter) => letter.repeat(40)) as [string, string, string];
const ids = new Map([
  [A, 'relay a'],
  [B, 'relay b'],
]);

function channel(id: string, given: Partial<Channel> = {}): Channel {
  const none = { cells: 0n, bytes: 0n };
  const plain = { connection: `c${id}`, createdAt: 100, peer: null, isClient: false, address: null, circuits: 99 };
  return { id, ...plain, received: none, sent: none, ...given };
}
const relay = (id: string, peer: string, given: Partial<Channel> = {}) => channel(id, { peer, ...given });
const client = (id: string, given: Partial<Channel> = {}) => channel(id, { isClient: true, address: '127.0.0.1:9', ...given });

function stats(inbound: string | null, outbound: string | null, cells: bigint, given: Partial<CellStats> = {}): CellStats {
  const end = (text: string | null) => {
    const [on = '', circuit] = text?.split('/') ?? [];
    return text === null ? null : { channel: on, circuit: Number(circuit) };
  };
  return { inbound: end(inbound), outbound: end(outbound), own: null, cells, isFast: false, ...given };
}

function open(connectionOf: (one: Channel) => string | null = () => 'session') {
  const channels = createChannels();
  const circuits = createCircuits(channels, { relayOf: (fingerprint) => ids.get(fingerprint) ?? null, connectionOf });
  const dump = (at: number, all: Channel[], own: string[] = []) =>
    circuits.settle(channels.take(all), new Set(own), at).map((reading) => ({ ...reading, bytes: reading.bytes / CELL_BYTES }));
  const readings = () => circuits.readings().map((reading) => ({ ...reading, bytes: reading.bytes / CELL_BYTES }));
  return { channels, circuits, dump, readings };
}

describe('tor: readings of circuits', () => {
  it('holds a circuit until a dump shows its neighbours, and loses none of its cells', () => {
    const { circuits, dump, readings } = open();
    circuits.take(stats('1/11', '2/22', 5n), 10);
    expect([readings(), circuits.isWaiting()]).deep.equal([[], true]);
    dump(9, [relay('1', A)]);
    circuits.take(stats('1/11', '2/22', 7n), 11);
    expect([readings(), circuits.isWaiting()]).deep.equal([[], true]);
    dump(10, [relay('1', A), relay('2', B)]);
    const previous = { relay: 'relay a', connection: null, circuit: 11 };
    const next = { relay: 'relay b', circuit: 22 };
    expect(readings()).deep.equal([{ previous, next, bytes: 12n, closed: false }]);
    expect([readings(), circuits.isWaiting()]).deep.equal([[], false]);
    circuits.take(stats('1/11', '2/22', 1n), 12);
    expect(readings()).deep.equal([{ previous, next, bytes: 13n, closed: false }]);
  });

  it('names a client by its session, and has no next hop at the last', () => {
    const { circuits, dump, readings } = open();
    dump(1, [client('1'), relay('2', A)]);
    circuits.take(stats('1/11', '2/22', 3n), 2);
    circuits.take(stats('2/33', null, 4n), 2);
    expect(readings()).deep.equal([
      {
        previous: { relay: null, connection: 'session', circuit: 11 },
        next: { relay: 'relay a', circuit: 22 },
        bytes: 3n,
        closed: false,
      },
      { previous: { relay: 'relay a', connection: null, circuit: 33 }, next: null, bytes: 4n, closed: false },
    ]);
  });

  it('reads no own circuit and no directory fetch; one that is extended after all counts in full', () => {
    const { circuits, dump, readings } = open();
    dump(1, [client('1'), relay('2', A)]);
    circuits.take(stats(null, '2/5', 300n, { own: '7' }), 2);
    circuits.take(stats('1/11', null, 14n, { isFast: true }), 2);
    expect([readings(), circuits.isWaiting()]).deep.equal([[], false]);
    circuits.take(stats('1/11', '2/22', 1n), 3);
    expect(readings().map((reading) => reading.bytes)).deep.equal([15n]);
  });

  it('reads no client without a session, and one only from its session on', () => {
    let session: string | null = null;
    const { circuits, dump, readings } = open(() => session);
    dump(1, [client('1'), relay('2', A)]);
    circuits.take(stats('1/11', '2/22', 100n), 2);
    expect(readings()).deep.equal([]);
    session = 'session';
    circuits.take(stats('1/11', '2/22', 3n), 3);
    expect(readings().map((reading) => reading.bytes)).deep.equal([3n]);
  });

  it('bills nothing with a stranger, counts it, and shows it', () => {
    const { circuits, dump, readings } = open();
    dump(1, [client('1'), relay('2', STRANGER), relay('3', A)]);
    circuits.take(stats('2/11', '3/22', 100n), 2);
    circuits.take(stats('1/33', '2/44', 10n), 2);
    circuits.take(stats('2/11', '3/22', 50n), 3);
    // From a stranger nobody pays; to a stranger nothing is owed.
    expect(readings()).deep.equal([
      { previous: { relay: null, connection: 'session', circuit: 33 }, next: null, bytes: 10n, closed: false },
    ]);
    expect(circuits.strangers()).deep.equal([{ fingerprint: STRANGER, circuits: 2, cells: 160n }]);
  });

  it('closes the circuits of a channel that is gone, with all they carried', () => {
    const { circuits, dump, readings } = open();
    dump(1, [relay('1', A), relay('2', B)]);
    circuits.take(stats('1/11', '2/22', 3n), 2);
    readings();
    circuits.take(stats('1/11', '2/22', 4n), 3);
    expect(dump(4, [relay('1', A)]).map(({ bytes, closed, next }) => [bytes, closed, next?.relay])).deep.equal([
      [7n, true, 'relay b'],
    ]);
    expect(circuits.count()).equal(0);
  });

  it('takes an id that leads elsewhere for another circuit', () => {
    const { circuits, dump, readings } = open();
    dump(1, [relay('1', A), relay('2', B)]);
    circuits.take(stats('1/11', '2/22', 3n), 2);
    readings();
    circuits.take(stats('1/11', '2/23', 1n), 3);
    expect(readings().map(({ next, bytes, closed }) => [next?.circuit, bytes, closed])).deep.equal([
      [22, 3n, true],
      [23, 1n, false],
    ]);
  });

  it('mixes up no two tors: what the old one’s channels carried ends with them', () => {
    const { circuits, dump, readings } = open();
    dump(1, [relay('1', A), relay('2', B)]);
    circuits.take(stats('1/11', null, 3n), 2);
    circuits.take(stats('9/99', null, 5n), 2);
    expect(readings()).length(1);
    // Restarted: the same numbers, made at another time.
    const anew = dump(9, [relay('1', B, { createdAt: 200 }), relay('9', A, { createdAt: 200 })]);
    expect(anew.map(({ previous, bytes, closed }) => [previous.circuit, bytes, closed])).deep.equal([[11, 3n, true]]);
    circuits.take(stats('1/11', null, 1n), 10);
    expect(readings()).deep.equal([
      { previous: { relay: 'relay b', connection: null, circuit: 11 }, next: null, bytes: 1n, closed: false },
    ]);
  });

  it('lets go of what no dump ever showed', () => {
    const { circuits, dump } = open();
    circuits.take(stats('9/99', null, 5n), 2);
    dump(2, [relay('1', A)]);
    expect(circuits.count()).equal(1);
    dump(3, [relay('1', A)]);
    expect([circuits.count(), circuits.isWaiting()]).deep.equal([0, false]);
  });
});

describe('tor: when a circuit is over', () => {
  const carried = () => {
    const made = open();
    made.dump(1, [relay('1', A), relay('2', B)]);
    for (const circuit of [1, 2, 3]) made.circuits.take(stats(`1/${circuit}`, `2/${circuit}`, 1n), circuit * 10);
    made.readings();
    return made;
  };
  const over = (dump: ReturnType<typeof open>['dump'], at: number, counts: [number, number], own: string[] = []) =>
    dump(at, [relay('1', A, { circuits: counts[0] }), relay('2', B, { circuits: counts[1] })], own).map(
      (one) => one.previous.circuit,
    );

  it('when one of its channels carries none any more but those that tor has built itself', () => {
    expect(over(carried().dump, 40, [0, 5])).deep.equal([1, 2, 3]);
    // What was heard of just before may have begun since.
    expect(over(carried().dump, 32, [5, 0])).deep.equal([1, 2]);
    const { circuits, dump } = carried();
    circuits.take(stats(null, '2/9', 1n, { own: '5' }), 31);
    expect(over(dump, 40, [3, 1], ['5'])).deep.equal([1, 2, 3]);
  });

  it('never while its channels carry others: which of them has ended nobody can tell', () => {
    const { circuits, dump } = carried();
    circuits.take(stats(null, '2/9', 1n, { own: '5' }), 40);
    expect(over(dump, 500, [1, 2], ['5'])).deep.equal([]);
    // The own one is over, and so is none of the others.
    expect(over(dump, 600, [1, 1])).deep.equal([]);
  });

  it('after an hour without a cell, whatever a dump says', () => {
    expect(over(carried().dump, 3625, [9, 9])).deep.equal([1, 2]);
  });
});

describe('tor: links', () => {
  it('never fall, though channels close and tor begins anew', () => {
    const step = fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      createdAt: fc.integer({ min: 1, max: 3 }),
      grow: fc.nat(50),
      keep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), (dumps) => {
        const channels = createChannels();
        const counters = new Map<string, bigint>();
        let last = 0n;
        let grown = 0n;
        for (const dump of dumps) {
          const seen = new Map<string, Channel>();
          for (const { id, createdAt, grow } of dump) {
            const key = `${id}@${createdAt}`;
            if (seen.has(String(id))) continue;
            counters.set(key, (counters.get(key) ?? 0n) + BigInt(grow));
            const sent = { cells: counters.get(key) as bigint, bytes: 0n };
            seen.set(String(id), relay(String(id), A, { createdAt, sent }));
          }
          channels.take([...seen.values()]);
          const now = channels.links()[0]?.sent.cells ?? 0n;
          expect(now >= last).equal(true);
          last = now;
          grown = [...counters.values()].reduce((sum, one) => sum + one, 0n);
        }
        // A channel that comes back is another to us; here it has its count of before.
        expect(last >= grown).equal(true);
      }),
    );
  });

  it('sums the channels of a neighbour, and leaves clients out', () => {
    const channels = createChannels();
    const count = (cells: bigint) => ({ cells, bytes: cells * 514n });
    channels.take([
      relay('1', A, { sent: count(3n), received: count(5n) }),
      relay('2', A, { sent: count(10n), received: count(20n) }),
      client('3', { sent: count(99n) }),
    ]);
    channels.take([relay('2', A, { sent: count(11n), received: count(20n) })]);
    expect(channels.links()).deep.equal([{ peer: A, sent: count(14n), received: count(25n) }]);
  });
});

describe('tor: clients behind channels', () => {
  it('are known by their connection where their address is hidden', () => {
    const clients = createClients((address) => `session of ${address}`);
    expect(clients.connectionOf(client('1'))).equal('session of 127.0.0.1:9');
    const hidden = client('1', { address: null, connection: '42' });
    expect(clients.connectionOf(hidden)).equal(null);
    clients.take('$CBD5569391641998AB3618F48F44D7AEA8C51456~a2 CONNECTED ID=42');
    expect(clients.connectionOf(hidden)).equal(null);
    clients.take('127.0.0.1:55388 NEW ID=42');
    expect(clients.connectionOf(hidden)).equal('session of 127.0.0.1:55388');
    clients.take('127.0.0.1:55388 CLOSED REASON=DONE ID=42');
    expect(clients.connectionOf(hidden)).equal(null);
  });
});
