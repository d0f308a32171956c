/*
 * SIGNAL DUMP and CELL_STATS as tor 0.4.9 wrote them, and lines that are not theirs.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { cellStats } from '../../tor/reading/cells.ts';
import { dumpReader, type Channel } from '../../tor/reading/dump.ts';
import { must } from './given.ts';

const captured = readFileSync(new URL('captured/dump.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

function read(lines: readonly string[]): ReturnType<ReturnType<typeof dumpReader>['take']> {
  const reader = dumpReader();
  for (const line of lines) {
    const taken = reader.take(line);
    if (taken !== null) return taken;
  }
  return null;
}

function channels(lines: readonly string[]): readonly Channel[] {
  const taken = read(lines);
  if (taken === null) throw new Error('the dump has not ended');
  return must(taken);
}

describe('tor: what a dump says', () => {
  it('reads each channel', () => {
    const all = channels(captured);
    expect(all.map((one) => one.id)).deep.equal(['2', '3', '4', '5', '6', '7', '8']);
    expect(all[3]).deep.equal({
      id: '5',
      connection: '14',
      createdAt: 1795347471,
      peer: 'B58FDD50CC5876B5AE84F59D8C67D76FC992513C',
      isClient: false,
      address: '127.0.0.1:37871',
      circuits: 8,
      received: { cells: 518n, bytes: 266252n },
      sent: { cells: 18n, bytes: 9252n },
    });
    expect(all[5]).deep.include({ connection: '19', peer: null, isClient: true, address: '127.0.0.1:42916', circuits: 6 });
    // Two channels with one neighbour.
    expect(all.filter((one) => one.peer === all[3]?.peer).map((one) => one.id)).deep.equal(['5', '8']);
  });

  it('does without a client’s address', () => {
    const scrubbed = captured.map((line) => line.replaceAll(/127\.0\.0\.1(?=,)|(?<=")127\.0\.0\.1[^"]*/g, '[scrubbed]'));
    expect(channels(scrubbed).map((one) => one.address)).deep.equal(Array(7).fill(null));
  });

  it('passes over other lines of the log, and what follows', () => {
    const noise = captured.flatMap((line) => [line, 'circuit_mark_for_close_(): Channel 7 is no line of this']);
    expect(channels(noise)).deep.equal(channels(captured));
    expect(channels(['Dumping stats:', 'No channels to dump.'])).deep.equal([]);
  });

  it('refuses a channel of which something is missing, rather than to guess it', () => {
    const parts = ['was created at', 'says it is connected', 'has these marks', 'active circuits', 'has received'];
    for (const part of parts) {
      const taken = read(captured.filter((line) => !line.startsWith(' * Channel 5 ') || !line.includes(part)));
      expect(taken?.ok === false && taken.refusal, part).deep.include({ code: 'dump-shape', about: 'channel 5' });
    }
    expect(read(captured.slice(0, -8))).equal(null);
  });

  it('never throws', () => {
    const line = fc.constantFrom(...captured).chain((text) => fc.nat(text.length).map((end) => text.slice(0, end)));
    fc.assert(fc.property(fc.array(line), (lines) => void read(lines)));
  });
});

describe('tor: what CELL_STATS says', () => {
  it('reads a circuit between two relays', () => {
    const text =
      'InboundQueue=1944637598 InboundConn=5 InboundRemoved=relay:2,created2:1 InboundTime=relay:0,created2:0 ' +
      'OutboundQueue=2050453430 OutboundConn=3 OutboundRemoved=relay:245,relay_early:6,create2:1 OutboundTime=relay:0,relay_early:0,create2:0';
    expect(must(cellStats(text))).deep.equal({
      inbound: { channel: '5', circuit: 1944637598 },
      outbound: { channel: '3', circuit: 2050453430 },
      own: null,
      cells: 253n,
      isFast: false,
    });
  });

  it('reads a last hop, a directory fetch and an own circuit', () => {
    expect(must(cellStats('InboundQueue=2919171074 InboundConn=8 InboundRemoved=relay:10861 InboundTime=relay:0'))).deep.include({
      outbound: null,
      cells: 10861n,
    });
    const fetch =
      'InboundQueue=4063037791 InboundConn=7 InboundRemoved=relay:14,created_fast:1 InboundTime=relay:20,created_fast:0';
    expect(must(cellStats(fetch))).deep.include({ outbound: null, isFast: true, cells: 14n });
    const own =
      'ID=12 OutboundQueue=1957172000 OutboundConn=3 OutboundRemoved=relay_early:4,create2:1 OutboundTime=relay_early:0,create2:0';
    expect(must(cellStats(own))).deep.include({ inbound: null, own: '12', outbound: { channel: '3', circuit: 1957172000 } });
    // Extended and nothing sent yet.
    expect(must(cellStats('InboundQueue=1 InboundConn=2 OutboundQueue=3 OutboundConn=4'))).deep.include({ cells: 0n });
  });

  it('refuses what is none', () => {
    const wrong = [
      ...['', 'InboundQueue=1', 'InboundConn=1', 'OutboundQueue=1 OutboundConn=2', 'InboundQueue=-1 InboundConn=2'],
      ...[
        'InboundQueue=4294967296 InboundConn=2',
        'ID=1',
        'ID=1 InboundQueue=1 InboundConn=2',
        'InboundQueue=1 InboundConn=2 OutboundConn=1',
      ],
      ...['relay', 'relay:', 'relay:-1', 'relay:1:2', 'relay:1,', 'relay:1e3'].map(
        (cells) => `InboundQueue=1 InboundConn=2 InboundRemoved=${cells}`,
      ),
    ];
    for (const text of wrong) expect(cellStats(text).ok, text).equal(false);
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'InboundQueueConn=12, :') }), (text) => void cellStats(text)));
  });
});
