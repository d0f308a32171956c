/*
 * Cells of links beside IOUs: who certifies more than went over the link is told, and nobody else.
 */
import { expect } from 'chai';
import type { LinkReading } from '../../tor/meter.ts';
import { createCellWatch } from '../../relay/link/cells.ts';

const START = 25_700n;

function open() {
  const logged: string[] = [];
  const line = (event: string, fields: object = {}): void => void logged.push(`${event} ${JSON.stringify(fields)}`);
  const watch = createCellWatch({ info: line, warn: line, error: line });
  const look = (sentCells: bigint, receivedCells: bigint, relay: string | null = 'A'): void => {
    const bytes = { sentBytes: sentCells * 514n, receivedBytes: receivedCells * 514n };
    watch.take([{ relay, fingerprint: 'F'.repeat(40), sentCells, receivedCells, ...bytes } satisfies LinkReading]);
  };
  const certify = (from: bigint, bytes: bigint, issuer = 'A'): void =>
    watch.certify(issuer, 3, [{ circuit: 1, from, bytes, hopsLeft: 1, leavesTor: true, closed: false, order: null }], START);
  return { watch, look, certify, logged };
}

describe('cells of a link beside its IOUs', () => {
  it('allow for every cell, and a starting amount for each circuit that began', () => {
    const { watch, look, certify, logged } = open();
    look(0n, 0n);
    certify(0n, START);
    look(2n, 2n);
    certify(START, 514n * 1000n + START);
    look(100n, 904n);
    look(100n, 904n);
    expect(watch.of('A')).deep.equal({
      sentCells: 100n,
      receivedCells: 904n,
      certifiedBytes: 514n * 1000n + START,
      boundBytes: 514n * 1004n + START,
      isBeyond: false,
    });
    expect(logged).deep.equal([]);
  });

  it('wait for the look after, since what is certified now may be of cells that it shows', () => {
    const { watch, look, certify, logged } = open();
    look(0n, 0n);
    certify(0n, 514n * 1000n);
    look(0n, 10n);
    expect(logged).deep.equal([]);
    look(500n, 500n);
    expect([watch.of('A')?.isBeyond, logged]).deep.equal([false, []]);
  });

  it('tell once of a neighbour that certifies more, also of one that is no neighbour', () => {
    for (const relay of ['A', null]) {
      const { watch, look, certify, logged } = open();
      look(0n, 0n, relay);
      certify(0n, 514n * 2000n);
      for (let again = 0; again < 3; again += 1) look(500n, 500n, relay);
      expect([watch.of('A')?.isBeyond, logged.length]).deep.equal([true, 1]);
      expect(logged[0]).include('certified-beyond-cells').include('"relay":"A","interval":3');
    }
  });

  it('say nothing where no meter sees links, nor of what was certified before the first look', () => {
    const { watch, look, certify } = open();
    certify(0n, 514n * 2000n);
    expect(watch.of('A')).equal(null);
    look(0n, 0n);
    expect(watch.of('A')?.certifiedBytes).equal(0n);
  });
});
