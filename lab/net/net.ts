/*
 * Netting a whole network at once (rule 8, no carries taken in): every link of an interval and its terms in; what each pair pays, and
 * what each relay is paid and pays, out. To the unit what core/rule/net.ts reckons pair by pair, in floating point wherever that is
 * exact and in bigint wherever it might not be. Called by bench and by whoever asks what a network of real size comes to.
 */
import { GIB, railTermsOf, weightedBytes, type Traffic } from '../../core/rule/price.ts';
import { invariant } from '../../core/refusal.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { trafficOf, type Links } from './links.ts';

export interface Netted {
  /** Pairs that pay. */
  readonly payments: number;
  /** By relay. */
  readonly received: readonly bigint[];
  readonly paid: readonly bigint[];
  /** What relay `from` pays relay `to`; zero where it does not. */
  amount(from: number, to: number): bigint;
}

/** Integers up to here are exact in floating point, and so is the sum of two of them. */
const EXACT = 2 ** 52;
const HIGH = 2 ** 32;
/** More than ten roundings together can be off by, relative. */
const DOUBT = 2 ** -48;

/**
 * In squares of pairs: a pair's two links stand far apart, one in each relay's row, and a walk from row to row over half a gigabyte
 * would wait for memory at every step. A square's rows are read in short runs, and its differences fit a processor's own memory.
 */
const SIDE = 256;
/** Rows of a square are as far apart: not by a power of two, which would put all of them into one corner of the cache. */
const STRIDE = SIDE + 8;

export function netAll(terms: Terms, rail: string, links: Links): Netted {
  const { relays } = links;
  const rule = ruleOf(terms, rail);
  const sums = createSums(relays);
  // What the lower relay is paid, negative where it pays; pairs in order. What is too large for it is in `large`.
  const amounts = new Float64Array((relays * (relays - 1)) / 2);
  const large = new Map<number, bigint>();
  // How far each row is read: the squares, and the holders in a row, come in order.
  const at = links.first.slice(0, relays);
  const square = new Float64Array(SIDE * STRIDE);
  const pairs: Pairs = { rule, links, square, amounts, large, sums };
  let payments = 0;
  for (let low = 0; low < relays; low += SIDE) {
    for (let high = low; high < relays; high += SIDE) {
      if (high > low) addHeld(pairs, at, low, high);
      addIssued(pairs, at, low, high);
      payments += settleSquare(pairs, low, high);
    }
  }
  const signedAmount = (low: number, high: number): bigint => {
    const place = placeOf(relays, low, high);
    return large.get(place) ?? BigInt(amounts[place] as number);
  };
  return {
    payments,
    ...sums.totals(),
    amount(from, to) {
      invariant(from !== to && from < relays && to < relays, 'a payment is between two relays');
      const signed = from < to ? -signedAmount(from, to) : signedAmount(to, from);
      return signed > 0n ? signed : 0n;
    },
  };
}

interface Pairs {
  readonly rule: Rule;
  readonly links: Links;
  /** Weighted bytes in favour of the lower relay, a row a lower one; NaN where they are beyond what is exact. */
  readonly square: Float64Array;
  readonly amounts: Float64Array;
  readonly large: Map<number, bigint>;
  readonly sums: Sums;
}

function placeOf(relays: number, low: number, high: number): number {
  return low * relays - (low * (low + 1)) / 2 + (high - low - 1);
}

/** Of the higher relays' rows what they issued to the lower ones: these hold it. */
function addHeld({ rule, links, square }: Pairs, at: Uint32Array, low: number, high: number): void {
  const { relays, first, holder } = links;
  const { relayWeight, exitWeight } = rule;
  const [relayHalves, exitHalves] = [halvesOf(links.relayBytes), halvesOf(links.exitBytes)];
  for (let issuer = high; issuer < Math.min(high + SIDE, relays); issuer += 1) {
    const end = first[issuer + 1] as number;
    let place = at[issuer] as number;
    for (; place < end; place += 1) {
      const to = holder[place] as number;
      if (to >= low + SIDE) break;
      const weighted =
        ((relayHalves[2 * place + 1] as number) * HIGH + (relayHalves[2 * place] as number)) * relayWeight +
        ((exitHalves[2 * place + 1] as number) * HIGH + (exitHalves[2 * place] as number)) * exitWeight;
      square[(to - low) * STRIDE + (issuer - high)] = weighted < EXACT ? weighted : NaN;
    }
    at[issuer] = place;
  }
}

/** Of the lower relays' rows what they issued to the higher ones; where the square lies on the diagonal, both ways. */
function addIssued({ rule, links, square }: Pairs, at: Uint32Array, low: number, high: number): void {
  const { relays, first, holder } = links;
  const { relayWeight, exitWeight } = rule;
  const [relayHalves, exitHalves] = [halvesOf(links.relayBytes), halvesOf(links.exitBytes)];
  for (let issuer = low; issuer < Math.min(low + SIDE, relays); issuer += 1) {
    const end = first[issuer + 1] as number;
    let place = at[issuer] as number;
    for (; place < end; place += 1) {
      const to = holder[place] as number;
      if (to >= high + SIDE) break;
      const weighted =
        ((relayHalves[2 * place + 1] as number) * HIGH + (relayHalves[2 * place] as number)) * relayWeight +
        ((exitHalves[2 * place + 1] as number) * HIGH + (exitHalves[2 * place] as number)) * exitWeight;
      const known = weighted < EXACT ? weighted : NaN;
      const cell = to > issuer ? (issuer - low) * STRIDE + (to - high) : (to - low) * STRIDE + (issuer - high);
      square[cell] = to > issuer ? (square[cell] as number) - known : (square[cell] as number) + known;
    }
    at[issuer] = place;
  }
}

/**
 * Empties the square; answers how many of its pairs pay. Down to the unit and then to the quantum is down to the quantum. In an order in
 * which no step depends on who owes, or whether anybody does: a processor that guesses those wrong waits longer than all the rest takes.
 */
function settleSquare(pairs: Pairs, low: number, high: number): number {
  const { rule, links, square, amounts, sums } = pairs;
  const { relays } = links;
  const { quanta, quantum, below, above } = rule;
  const { net, gross, most } = sums;
  const end = Math.min(high + SIDE, relays);
  let payments = 0;
  for (let one = low; one < Math.min(low + SIDE, relays); one += 1) {
    const begin = Math.max(high, one + 1);
    let place = placeOf(relays, one, begin);
    let cell = (one - low) * STRIDE + (begin - high);
    let [ownNet, ownGross] = [0, 0];
    for (let other = begin; other < end; other += 1, place += 1, cell += 1) {
      const difference = square[cell] as number;
      const worth = difference * quanta;
      const whole = Math.trunc(worth);
      const fraction = Math.abs(worth - whole);
      const value = Math.abs(worth);
      const doubt = value * DOUBT;
      const amount = whole * quantum;
      const size = Math.abs(amount);
      // So worded that NaN is in doubt, and nothing at all is not.
      if (!(fraction >= doubt && fraction < 1 - doubt && size < most) || (value >= below && value <= above)) {
        if (settleExactly(pairs, place, one, other, difference)) payments += 1;
        continue;
      }
      if (value < below) continue;
      amounts[place] = amount;
      payments += Math.ceil(size / (size + 1));
      ownNet += amount;
      ownGross += size;
      net[other] = (net[other] as number) - amount;
      gross[other] = (gross[other] as number) + size;
    }
    net[one] = (net[one] as number) + ownNet;
    gross[one] = (gross[one] as number) + ownGross;
  }
  square.fill(0);
  return payments;
}

/** In whole numbers of any size. */
function settleExactly(pairs: Pairs, place: number, low: number, high: number, difference: number): boolean {
  const { rule, links, large, sums } = pairs;
  const signed = rule.exact(
    Number.isNaN(difference)
      ? rule.weighted(trafficOf(links, high, low)) - rule.weighted(trafficOf(links, low, high))
      : BigInt(difference),
  );
  if (signed === 0n) return false;
  large.set(place, signed);
  if (signed > 0n) sums.addLarge(low, high, signed);
  else sums.addLarge(high, low, -signed);
  return true;
}

interface Rule {
  /** Of a byte, in whole numbers without common divisor: |E| and |N|. */
  readonly relayWeight: number;
  readonly exitWeight: number;
  /** Quanta that a weighted byte is worth, rounded, and a quantum in units. */
  readonly quanta: number;
  readonly quantum: number;
  /** Quanta that are dust for certain; and that are not. Negative where what is dust is less than a quantum. */
  readonly below: number;
  readonly above: number;
  weighted(traffic: Traffic): bigint;
  /** Of weighted bytes, with their sign. */
  exact(weighted: bigint): bigint;
}

function ruleOf(terms: Terms, rail: string): Rule {
  const railTerms = railTermsOf(terms, rail);
  invariant(railTerms !== null, 'the terms have the rail');
  const common = divisor(terms.exits, terms.relays);
  const [relayWeight, exitWeight] = [terms.exits / common, terms.relays / common];
  const quantum = railTerms.quantum === 0n ? 1n : railTerms.quantum;
  const dust = railTerms.dust <= quantum ? -1 : Number(railTerms.dust) / Number(quantum);
  return {
    ...{ relayWeight: Number(relayWeight), exitWeight: Number(exitWeight) },
    quanta: Number(railTerms.price) / Number(GIB * relayWeight) / Number(quantum),
    ...{ quantum: Number(quantum), below: dust * (1 - DOUBT), above: dust * (1 + DOUBT) },
    weighted: (traffic) => weightedBytes(terms, traffic) / common,
    exact(weighted) {
      const total = ((weighted < 0n ? -weighted : weighted) * railTerms.price) / (GIB * relayWeight);
      const amount = total < railTerms.dust ? 0n : total - (total % quantum);
      return weighted < 0n ? -amount : amount;
    },
  };
}

interface Sums {
  /** By relay: what it is paid less what it pays, and both together. */
  readonly net: Float64Array;
  readonly gross: Float64Array;
  /** Of amounts below it the sum over every pair of a relay is exact. */
  readonly most: number;
  addLarge(to: number, from: number, amount: bigint): void;
  totals(): { received: bigint[]; paid: bigint[] };
}

function createSums(relays: number): Sums {
  const [net, gross] = [new Float64Array(relays), new Float64Array(relays)];
  const extra = { received: new Map<number, bigint>(), paid: new Map<number, bigint>() };
  const raise = (sums: Map<number, bigint>, relay: number, amount: bigint) => sums.set(relay, (sums.get(relay) ?? 0n) + amount);
  const whole = (sign: 1n | -1n, more: ReadonlyMap<number, bigint>) =>
    Array.from(gross, (both, relay) => (BigInt(both) + sign * BigInt(net[relay] as number)) / 2n + (more.get(relay) ?? 0n));
  return {
    ...{ net, gross, most: EXACT / Math.max(1, relays) },
    addLarge(to, from, amount) {
      raise(extra.received, to, amount);
      raise(extra.paid, from, amount);
    },
    totals: () => ({ received: whole(1n, extra.received), paid: whole(-1n, extra.paid) }),
  };
}

/** The lower half of each number first: on every machine that Node runs on. */
function halvesOf(numbers: BigUint64Array): Uint32Array {
  return new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
}

function divisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : divisor(b, a % b);
}
