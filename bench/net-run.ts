/*
 * A network of so many relays netted, in a process of its own so that its memory is its own: their number and the rounds in; seconds of
 * netting and of bare sums over the same input, and peak memory, as JSON out. With no rounds it is netted once, and nothing else is
 * in memory. A sample of pairs is checked against core's rule each time. Started by net.ts.
 */
import { invariant } from '../core/refusal.ts';
import { netOf, noCarry } from '../core/rule/net.ts';
import { railTermsOf } from '../core/rule/price.ts';
import type { RailTerms } from '../core/wire/parameters.ts';
import type { Terms } from '../core/wire/terms.ts';
import { emptyLinks, trafficOf, type Links } from '../lab/net/links.ts';
import { netAll, type Netted } from '../lab/net/net.ts';
import { testTerms } from '../test/harness/view.ts';
import { peakBytes, timed } from './measure.ts';

export interface NetTook {
  readonly links: number;
  readonly payments: number;
  readonly net: readonly number[];
  readonly sums: readonly number[];
  readonly peakBytes: number;
}

const SAMPLE = 20_000;
/** A quantum as a network would set it: payments are of whole thousandths of what a GiB costs. */
const terms: Terms = {
  ...testTerms(0, { rails: { ledger: { price: 1_000_000_000n, quantum: 1_000_000n, dust: 1_000_000n } } }),
  ...{ relays: 7213n, exits: 1038n },
};

async function run(relays: number, rounds: number): Promise<NetTook> {
  const draw = chance(relays);
  const links = drawLinks(relays, draw);
  const sizes = { links: links.holder.length, payments: (await netOnce(links, draw)).payments };
  const [net, sums]: [number[], number[]] = [[], []];
  const peak = peakBytes();
  for (let round = 0; round < rounds; round += 1) {
    net.push((await netOnce(links, draw)).seconds);
    sums.push((await timed(() => bareSums(links))).wallSec);
  }
  return { ...sizes, net, sums, peakBytes: peak };
}

async function netOnce(links: Links, draw: () => number): Promise<{ payments: number; seconds: number }> {
  const done: Netted[] = [];
  const took = await timed(() => void done.push(netAll(terms, 'ledger', links)));
  const [netted] = done;
  invariant(netted !== undefined, 'it is done');
  check(links, netted, draw);
  return { payments: netted.payments, seconds: took.wallSec };
}

/** Each ordered pair with one in two; sizes over ten powers of two, as bandwidths are. */
function drawLinks(relays: number, draw: () => number): Links {
  const weights = Float64Array.from({ length: relays }, () => 2 ** (10 * draw()));
  const isLink = new Uint8Array(relays * relays);
  let count = 0;
  for (let of = 0; of < isLink.length; of += 1) {
    if (of % (relays + 1) === 0 || draw() < 0.5) continue;
    isLink[of] = 1;
    count += 1;
  }
  const links = emptyLinks(relays, count);
  const [relayHalves, exitHalves] = [new Uint32Array(links.relayBytes.buffer), new Uint32Array(links.exitBytes.buffer)];
  let place = 0;
  for (let issuer = 0; issuer < relays; issuer += 1) {
    for (let holder = 0; holder < relays; holder += 1) {
      if (isLink[issuer * relays + holder] === 0) continue;
      const bytes = (weights[issuer] as number) * (weights[holder] as number) * 1000 * draw();
      links.holder[place] = holder;
      put(relayHalves, place, Math.floor(bytes));
      put(exitHalves, place, Math.floor(bytes * draw()));
      place += 1;
    }
    links.first[issuer + 1] = place;
  }
  return links;
}

function put(halves: Uint32Array, place: number, value: number): void {
  halves[2 * place] = value % 2 ** 32;
  halves[2 * place + 1] = Math.floor(value / 2 ** 32);
}

/**
 * The limit: each link added to its pair's cell of a triangle, and the cells to their two relays. In whole bytes as they stand, without
 * prices, rounding or care for what is beyond floating point.
 */
function bareSums({ relays, first, holder, relayBytes, exitBytes }: Links): number {
  const [relayHalves, exitHalves] = [new Uint32Array(relayBytes.buffer), new Uint32Array(exitBytes.buffer)];
  const cells = new Float64Array((relays * (relays - 1)) / 2);
  for (let issuer = 0; issuer < relays; issuer += 1) {
    const end = first[issuer + 1] as number;
    for (let place = first[issuer] as number; place < end; place += 1) {
      const to = holder[place] as number;
      const value =
        ((relayHalves[2 * place + 1] as number) * 2 ** 32 + (relayHalves[2 * place] as number)) * 1038 +
        ((exitHalves[2 * place + 1] as number) * 2 ** 32 + (exitHalves[2 * place] as number)) * 7213;
      const [row, column] = issuer > to ? [issuer, to] : [to, issuer];
      const cell = (row * (row - 1)) / 2 + column;
      cells[cell] = (cells[cell] as number) + (issuer > to ? value : -value);
    }
  }
  const totals = new Float64Array(relays);
  for (let row = 1, cell = 0; row < relays; row += 1) {
    let own = 0;
    for (let column = 0; column < row; column += 1, cell += 1) {
      own -= cells[cell] as number;
      totals[column] = (totals[column] as number) + (cells[cell] as number);
    }
    totals[row] = (totals[row] as number) + own;
  }
  return totals.reduce((sum, one) => sum + Math.abs(one), 0);
}

/** A pair that core reckons otherwise, or sums that do not cancel, end the bench. */
function check(links: Links, netted: Netted, draw: () => number): void {
  const rail = railTermsOf(terms, 'ledger') as RailTerms;
  const total = (sums: readonly bigint[]) => sums.reduce((sum, one) => sum + one, 0n);
  invariant(total(netted.received) === total(netted.paid), 'what is paid is received');
  const relay = () => Math.floor(draw() * links.relays);
  for (let checked = 0; checked < SAMPLE;) {
    const [to, from] = [relay(), relay()];
    if (to === from) continue;
    checked += 1;
    const net = netOf(terms, rail, { held: trafficOf(links, from, to), issued: trafficOf(links, to, from), carry: noCarry });
    const due = net.creditor === 'me' ? net.amount : 0n;
    invariant(netted.amount(from, to) === due, `relay ${from} pays relay ${to} ${due}, not ${netted.amount(from, to)}`);
  }
}

/** Numbers from 0 up to 1, the same for the same seed (xorshift). */
function chance(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

const [relays, rounds] = process.argv.slice(2).map(Number);
if (relays !== undefined && rounds !== undefined) process.stdout.write(`${JSON.stringify(await run(relays, rounds))}\n`);
