/*
 * Netting a whole network in typed arrays: to the unit what core's rule says of every pair, whatever the numbers.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { UNITS_MAX } from '../../core/limits.ts';
import { netOf, noCarry } from '../../core/rule/net.ts';
import type { RailTerms } from '../../core/wire/parameters.ts';
import type { Terms } from '../../core/wire/terms.ts';
import { linksOf, type Link } from '../../lab/net/links.ts';
import { netAll } from '../../lab/net/net.ts';
import { testTerms } from '../harness/view.ts';

const nothing = { relayBytes: 0n, exitBytes: 0n };

function termsWith(rail: RailTerms, relays: bigint, exits: bigint): Terms {
  const terms = testTerms(0, { rails: { ledger: rail } });
  return { ...terms, relays, exits };
}

/** Pair by pair, by core alone. */
function byRule(terms: Terms, relays: number, links: readonly Link[]) {
  const rail = terms.parameters.rails['ledger'] as RailTerms;
  const of = (issuer: number, holder: number) => links.find((one) => one.issuer === issuer && one.holder === holder) ?? nothing;
  const [received, paid] = [Array.from({ length: relays }, () => 0n), Array.from({ length: relays }, () => 0n)];
  const amounts: string[] = [];
  for (let to = 0; to < relays; to += 1) {
    for (let from = 0; from < relays; from += 1) {
      if (from === to) continue;
      const net = netOf(terms, rail, { held: of(from, to), issued: of(to, from), carry: noCarry });
      const amount = net.creditor === 'me' ? net.amount : 0n;
      amounts.push(`${from}>${to} ${amount}`);
      received[to] = (received[to] as bigint) + amount;
      paid[from] = (paid[from] as bigint) + amount;
    }
  }
  const payments = amounts.filter((one) => !one.endsWith(' 0')).length;
  return { amounts, received, paid, payments };
}

function byArrays(terms: Terms, relays: number, links: readonly Link[]) {
  const netted = netAll(terms, 'ledger', linksOf(relays, links));
  const amounts: string[] = [];
  for (let to = 0; to < relays; to += 1) {
    for (let from = 0; from < relays; from += 1) if (from !== to) amounts.push(`${from}>${to} ${netted.amount(from, to)}`);
  }
  return { amounts, received: netted.received, paid: netted.paid, payments: netted.payments };
}

/** Small, of a real month, about 2^52 and 2^53, and as large as a total can be. */
const bytes = fc.oneof(
  fc.bigInt(0n, 3n),
  fc.bigInt(0n, 2n ** 42n),
  fc.bigInt(2n ** 52n - 4n, 2n ** 53n + 4n),
  fc.bigInt(0n, UNITS_MAX),
  fc.constant(UNITS_MAX),
);
const units = fc.oneof(fc.constant(1n), fc.constant(2n ** 30n), fc.bigInt(0n, 2n ** 20n), fc.bigInt(0n, 2n ** 62n));

const network = fc.integer({ min: 2, max: 7 }).chain((relays) => {
  const relay = fc.integer({ min: 0, max: relays - 1 });
  const link = fc.record({ issuer: relay, holder: relay, relayBytes: bytes, exitBytes: bytes });
  const links = fc.uniqueArray(link, { selector: (one) => `${one.issuer}>${one.holder}`, maxLength: relays * relays });
  return fc.record({ relays: fc.constant(relays), links: links.map((all) => all.filter((one) => one.issuer !== one.holder)) });
});

describe('netting a whole network', () => {
  it('is core’s rule, pair by pair, on any network', () => {
    const rail = fc.record({ price: units, quantum: units, dust: units });
    const ratio = fc.bigInt(1n, 10_000n);
    fc.assert(
      fc.property(network, rail, ratio, ratio, ({ relays, links }, prices, n, e) => {
        const terms = termsWith(prices, n, e);
        expect(byArrays(terms, relays, links)).deep.equal(byRule(terms, relays, links));
      }),
      { numRuns: 2000 },
    );
  });

  it('where a real price falls on a whole unit, and one byte below', () => {
    // At this price a weighted byte is a unit, and a little: every second amount is a whole number, or just below one.
    for (const price of [2n ** 30n, 2n ** 30n - 1n, 2n ** 30n + 1n, 10n ** 9n, 3n * 2n ** 50n]) {
      const terms = termsWith({ price, quantum: 1n, dust: 0n }, 3n, 2n);
      const large = 2n ** 45n;
      const links = [0n, 1n, 2n, 3n, large - 1n, large, large + 1n].flatMap((relayBytes, place) => [
        { issuer: 0, holder: place + 1, relayBytes, exitBytes: 0n },
        { issuer: place + 1, holder: 0, relayBytes: relayBytes / 3n, exitBytes: relayBytes / 5n },
      ]);
      expect(byArrays(terms, 8, links), String(price)).deep.equal(byRule(terms, 8, links));
    }
  });

  it('in squares: a network of more relays than one square has', () => {
    const terms = termsWith({ price: 10n ** 9n, quantum: 1000n, dust: 5000n }, 7n, 2n);
    const relays = 300;
    const links: Link[] = [];
    for (let issuer = 0; issuer < relays; issuer += 1) {
      for (let step = 1; step < relays; step += 1 + ((issuer * 7 + step) % 11)) {
        const holder = (issuer + step) % relays;
        links.push({ issuer, holder, relayBytes: BigInt(issuer * 1_000_003 + step), exitBytes: BigInt(step) ** 6n });
      }
    }
    const rail = terms.parameters.rails['ledger'] as RailTerms;
    const known = new Map(links.map((one) => [`${one.issuer}>${one.holder}`, one]));
    const netted = netAll(terms, 'ledger', linksOf(relays, links));
    const received = Array.from({ length: relays }, () => 0n);
    for (let to = 0; to < relays; to += 1) {
      for (let from = 0; from < relays; from += 1) {
        if (from === to) continue;
        const [held, issued] = [known.get(`${from}>${to}`) ?? nothing, known.get(`${to}>${from}`) ?? nothing];
        const net = netOf(terms, rail, { held, issued, carry: noCarry });
        const due = net.creditor === 'me' ? net.amount : 0n;
        if (netted.amount(from, to) !== due) expect.fail(`${from}>${to}: ${netted.amount(from, to)}, not ${due}`);
        received[to] = (received[to] as bigint) + due;
      }
    }
    expect(netted.received).deep.equal(received);
  });

  it('pays nothing where both owe the same, and nothing in an empty network', () => {
    const terms = termsWith({ price: 10n ** 9n, quantum: 1n, dust: 0n }, 3n, 2n);
    const same = { relayBytes: 2n ** 60n + 1n, exitBytes: 2n ** 61n };
    const even = byArrays(terms, 2, [
      { issuer: 0, holder: 1, ...same },
      { issuer: 1, holder: 0, ...same },
    ]);
    expect(even).deep.equal({ amounts: ['1>0 0', '0>1 0'], received: [0n, 0n], paid: [0n, 0n], payments: 0 });
    expect(byArrays(terms, 3, []).payments).equal(0);
    expect(netAll(terms, 'ledger', linksOf(0, [])).payments).equal(0);
  });

  it('takes one total a link, between two relays', () => {
    const link = { issuer: 0, holder: 1, relayBytes: 1n, exitBytes: 1n };
    expect(() => linksOf(2, [link, link])).throw('one total a link');
    expect(() => linksOf(2, [{ ...link, holder: 0 }])).throw('two relays');
    expect(() => linksOf(1, [link])).throw('two relays');
  });
});
