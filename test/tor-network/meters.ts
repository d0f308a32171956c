/*
 * Meters beside real relays while a file comes through them: what guard, middle and exit read of one circuit, what both ends of a link
 * count, and that nothing is lost when the control port or tor itself goes and comes. Called by stage.spec.
 */
import { expect } from 'chai';
import { CELL_BYTES, type CircuitReading } from '../../tor/meter.ts';
import { download } from '../../lab/testbed/tor/download.ts';
import type { TorNetwork } from '../../lab/testbed/tor/network.ts';
import { until } from '../../lab/testbed/tor/process.ts';
import { metered, type Metered } from './metered.ts';

const MIB = 1 << 20;
/** A cell carries at most 498 bytes of a stream. */
const cellsFor = (bytes: number): bigint => BigInt(Math.floor(bytes / 498));
/** EXTEND and EXTENDED end at the hop that they are for, and a link may have cells on their way. */
const APART_CELLS = 4n;

export function meters(running: () => TorNetwork): void {
  const fetchFile = (user: string, size: number, onBytes?: (count: number) => void): Promise<void> => {
    const { exitPort: filePort, node } = running();
    return download({ socksPort: node('client').socksPort, filePort, user, size, ...(onBytes === undefined ? {} : { onBytes }) });
  };
  const cells = (reading: CircuitReading): bigint => reading.bytes / CELL_BYTES;
  /** The circuit that carried so much, from a client's channel on. */
  const carriedBy = (guard: Metered, size: number): CircuitReading | undefined =>
    guard.readings().find((one) => one.previous.connection !== null && cells(one) >= cellsFor(size));
  /** The same circuit at the next hop. */
  const onward = (hop: Metered, from: string, before: CircuitReading | undefined): CircuitReading | undefined =>
    hop.readings().find((one) => one.previous.relay === from && one.previous.circuit === before?.next?.circuit);
  const apart = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
  const areUp = (...all: Metered[]): Promise<void> => until(() => all.every((one) => one.looks() > 0), 'the meters to read', 30);

  async function agreeing(hops: readonly [Metered, Metered, Metered], size: number): Promise<CircuitReading[]> {
    let found: (CircuitReading | undefined)[] = [];
    const look = (): boolean => {
      const first = carriedBy(hops[0], size);
      const second = onward(hops[1], 'guard', first);
      const third = onward(hops[2], 'middle', second);
      found = [first, second, third];
      if (first === undefined || second === undefined || third === undefined) return false;
      return apart(cells(first), cells(second)) <= APART_CELLS && cells(third) >= cellsFor(size);
    };
    await until(look, 'the three hops to agree').catch((thrown: Error) => {
      throw new Error(`${thrown.message}: ${found.map((one) => String(one?.bytes)).join(', ')}`);
    });
    return found as CircuitReading[];
  }

  describe('meters', () => {
    it('guard, middle and exit read the same of a circuit; who has no session, and a stranger, is not read', async () => {
      const network = running();
      const hops = [metered(network, 'guard'), metered(network, 'middle'), metered(network, 'exit')] as const;
      const unserved = metered(network, 'guard', { connectionOf: () => null });
      const lonely = metered(network, 'guard', { strangers: ['middle'] });
      const outsider = metered(network, 'middle', { strangers: ['guard'] });
      await areUp(...hops, unserved, lonely, outsider);
      const size = 4 * MIB;
      await fetchFile('one', size);
      const [first, second, third] = (await agreeing(hops, size)) as [CircuitReading, CircuitReading, CircuitReading];
      expect([first.previous.relay, first.next?.relay, second.next?.relay, third.next]).deep.equal([
        null,
        'middle',
        'exit',
        null,
      ]);
      // What goes to the destination leaves Tor at the exit: it sends no cells for it, and tor tells nothing of cells received.
      expect(cells(third) < cells(second) && cells(third) * 100n > cells(second) * 95n).equal(true);
      for (const readings of hops.map((hop) => hop.readings()))
        expect(readings.every((one) => !one.closed || one.bytes >= 0n)).equal(true);

      expect(unserved.readings().filter((one) => one.previous.connection !== null)).deep.equal([]);
      const alone = lonely.readings().find((one) => one.previous.circuit === first.previous.circuit);
      expect([alone?.next, apart(cells(alone as CircuitReading), cells(first)) <= APART_CELLS]).deep.equal([null, true]);
      const stranger = lonely.meter.state().strangers.find((one) => one.fingerprint === network.node('middle').fingerprint);
      expect(stranger !== undefined && stranger.cells >= cellsFor(size)).equal(true);
      expect(outsider.readings().filter((one) => one.previous.circuit === second.previous.circuit)).deep.equal([]);
    });

    it('both ends of a link count the same cells', async () => {
      const network = running();
      const [guard, middle] = [metered(network, 'guard', { kind: 'links' }), metered(network, 'middle', { kind: 'links' })];
      await areUp(guard, middle);
      const ends = () => [guard.link('middle'), middle.link('guard')] as const;
      const [ours, theirs] = ends();
      await fetchFile('two', 2 * MIB);
      const grown = (): bigint[] => {
        const [here, there] = ends();
        return [
          (here?.receivedCells ?? 0n) - (ours?.receivedCells ?? 0n),
          (there?.sentCells ?? 0n) - (theirs?.sentCells ?? 0n),
          (here?.sentCells ?? 0n) - (ours?.sentCells ?? 0n),
          (there?.receivedCells ?? 0n) - (theirs?.receivedCells ?? 0n),
        ];
      };
      await until(() => {
        const [down, downThere, up, upThere] = grown() as [bigint, bigint, bigint, bigint];
        return down >= cellsFor(2 * MIB) && down === downThere && up === upThere && up > 0n;
      }, 'both ends to count the same').catch((thrown: Error) => {
        throw new Error(`${thrown.message}: ${grown().join(', ')}`);
      });
      expect(guard.all).deep.equal([]);
    });

    it('loses no cell while the control port is away', async () => {
      const network = running();
      const hops = [metered(network, 'guard'), metered(network, 'middle'), metered(network, 'exit')] as const;
      await areUp(...hops);
      const size = 3 * MIB;
      let isAway = false;
      await fetchFile('three', size, (count) => {
        if (count < MIB || isAway) return;
        isAway = true;
        hops[1].cut();
      });
      await until(() => carriedBy(hops[0], size) !== undefined, 'the guard to read it');
      expect(hops[1].meter.state().up).equal(false);
      expect(onward(hops[1], 'guard', carriedBy(hops[0], size))?.bytes ?? 0n).lessThan(Number(carriedBy(hops[0], size)?.bytes));
      hops[1].mend();
      await agreeing(hops, size);
      expect(hops[1].meter.state().up).equal(true);
    });

    it('goes on with a tor that began anew: what was read stays, its circuits are closed', async () => {
      const network = running();
      const hops = [metered(network, 'guard'), metered(network, 'middle'), metered(network, 'exit')] as const;
      await areUp(...hops);
      await fetchFile('four', MIB);
      const [, before] = (await agreeing(hops, MIB)) as [CircuitReading, CircuitReading];
      const looks = hops[1].looks();
      await until(() => hops[1].looks() > looks, 'another look');
      const link = hops[1].link('guard');
      await network.node('middle').stop();
      await network.node('middle').start();
      await until(
        () => hops[1].readings().some((one) => one.previous.circuit === before.previous.circuit && one.closed),
        'the end of its circuits',
      );
      const after = hops[1].readings().find((one) => one.previous.circuit === before.previous.circuit);
      expect(after?.bytes).equal(before.bytes);
      let tries = 0;
      await until(
        () =>
          fetchFile(`five ${(tries += 1)}`, 2 * MIB).then(
            () => true,
            () => false,
          ),
        'a download after the restart',
      );
      await agreeing(hops, 2 * MIB);
      await until(
        () => (hops[1].link('guard')?.sentCells ?? 0n) >= (link?.sentCells ?? 0n) + cellsFor(2 * MIB),
        'the link to have grown',
      );
      const falls = hops[1].all.filter((one, at) =>
        hops[1].all
          .slice(0, at)
          .some(
            (old) =>
              old.previous.circuit === one.previous.circuit && old.previous.relay === one.previous.relay && old.bytes > one.bytes,
          ),
      );
      expect(falls).deep.equal([]);
    });
  });
}
