/*
 * IOUs of contested pairs: once the consensus says so they are in no book any more, whatever else happens; others stay.
 */
import { expect } from 'chai';
import { circuitOf, createNet, genesis, hour, idOf, session, type Net } from './net.ts';

const interval = 6 * hour;
const grace = 600;

describe('IOUs of a contested pair', () => {
  let net: Net;
  afterEach(() => net.close());

  const pair = (a: string, b: string, at = 0) => {
    const [first, second] = [idOf(a), idOf(b)].sort() as [string, string];
    return { a: first, b: second, interval: at };
  };
  const peersIn = async (name: string, at = 0) => {
    const book = (await net.local(name, 'POST', '/relay/book', { interval: at, after: null })) as { lines: { peer: string }[] };
    return book.lines.map((one) => one.peer).sort();
  };
  const shown = async (name: string, at = 0) => {
    const { ious } = (await net.local(name, 'GET', '/relay/ious', { interval: String(at) })) as {
      ious: { direction: string; void: boolean }[];
    };
    return ious.map((one) => [one.direction, one.void]).sort();
  };

  /** M holds of G and owes to X, in interval 0, whose books are closed. */
  async function settled(): Promise<void> {
    net = await createNet(['G', 'M', 'X'], { parameters: { contestWindowSec: hour, appealWindowSec: hour } });
    await net.local('G', 'POST', '/relay/session-open', session('c1'));
    circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]).carry(400n, true);
    await net.until(genesis + interval + grace);
    expect(await peersIn('M')).deep.equal([idOf('G'), idOf('X')].sort());
  }

  it('are in no book any more, on both sides, and told as void', async () => {
    await settled();
    await net.nullify([pair('G', 'M')]);
    expect(await peersIn('M')).deep.equal([idOf('X')]);
    expect(await peersIn('G')).deep.equal([]);
    expect(await peersIn('X')).deep.equal([idOf('M')]);
    expect(await shown('M')).deep.equal([
      ['held', true],
      ['issued', false],
    ]);
    expect(net.logged.filter((one) => one.event === 'ious-void').map((one) => one.at)).deep.equal(['G', 'M']);
  });

  it('stay void when the consensus lists the pair no longer, and after a crash', async () => {
    await settled();
    await net.nullify([pair('G', 'M')]);
    await net.nullify([]);
    await net.crash('M');
    await net.begin('M');
    expect(await peersIn('M')).deep.equal([idOf('X')]);
  });

  it('are void though the consensus came while the relay was away', async () => {
    await settled();
    await net.crash('M');
    await net.nullify([pair('G', 'M')]);
    await net.begin('M');
    expect(await peersIn('M')).deep.equal([idOf('X')]);
  });

  it('of another interval, or of others, are not', async () => {
    await settled();
    await net.nullify([pair('G', 'M', 1), pair('G', 'X')]);
    expect(await peersIn('M')).deep.equal([idOf('G'), idOf('X')].sort());
    expect(await shown('M')).deep.equal([
      ['held', false],
      ['issued', false],
    ]);
  });

  it('leave nothing behind when the appeal window is over', async () => {
    await settled();
    await net.nullify([pair('G', 'M')]);
    await net.until(genesis + 3 * interval);
    for (const table of ['iou', 'iou_void']) {
      const rows = await net.database('M').transaction((tx) => tx.all(`SELECT * FROM ${table} WHERE interval_number = 0`));
      expect(rows).deep.equal([]);
    }
  });
});
