/*
 * A relay in watch mode beside relays that bill: it issues nothing, takes what it is given, and tells its operator who certifies more
 * than went over the link.
 */
import { expect } from 'chai';
import type { LinkReading, Meter } from '../../tor/meter.ts';
import { createNet, genesis, idOf, type Net } from './net.ts';

describe('a relay that sees links alone', () => {
  let net: Net;
  let look: (links: readonly LinkReading[]) => void = () => undefined;
  const watching: Meter = {
    kind: 'links',
    onReading: () => () => undefined,
    onLinks(take) {
      look = take;
      return () => undefined;
    },
  };
  afterEach(() => net.close());

  const cellsFromG = (cells: bigint): void => {
    const none = { sentCells: 0n, sentBytes: 0n };
    look([{ relay: idOf('G'), fingerprint: 'F'.repeat(40), ...none, receivedCells: cells, receivedBytes: cells * 514n }]);
  };

  it('warns of an issuer whose IOUs are beyond the cells, and owes nothing onward', async () => {
    net = await createNet(['G', 'M', 'X'], { meterOf: (name) => (name === 'M' ? watching : (undefined as never)) });
    cellsFromG(0n);
    const session = { session: 'aa'.repeat(16), connection: 'c', hops: 3, leavesTor: true };
    await net.local('G', 'POST', '/relay/session-open', session);
    const previous = { relay: null, connection: 'c', circuit: 1 };
    const carried = 514n * 1000n;
    net.read('G', { previous, next: { relay: idOf('M'), circuit: 2 }, bytes: carried, closed: false });
    await net.until(genesis + 3600);
    cellsFromG(100n);
    cellsFromG(100n);
    const { links } = (await net.local('M', 'GET', '/relay/links')) as { links: { peer: string; cells: object }[] };
    expect(links.map((one) => [one.peer, one.cells])).deep.equal([
      [
        idOf('G'),
        {
          sentCells: '0',
          receivedCells: '100',
          certifiedBytes: String(carried),
          boundBytes: String(514n * 100n),
          isBeyond: true,
        },
      ],
    ]);
    const warned = net.logged.filter((one) => one.event === 'certified-beyond-cells');
    expect(warned.map((one) => [one.at, one.fields.relay])).deep.equal([['M', idOf('G')]]);
  });
});
