/*
 * The numbers in docs/rules.md are what the rules give: each is reckoned here and looked for in the page.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { chargedBytes, linkTraffic, onwardBytes } from '../../core/rule/chain.ts';
import { basisOf, dueAtFallback, dueOf } from '../../core/rule/contest.ts';
import { decideCase, type CaseEvent, type CaseState } from '../../core/rule/course.ts';
import { netOf } from '../../core/rule/net.ts';
import {
  addTraffic,
  affordableBytes,
  circuitUsage,
  GIB,
  noTraffic,
  scaledValue,
  scaleOf,
  usageCeil,
  valueFloor,
  type Traffic,
} from '../../core/rule/price.ts';
import * as story from '../../docs/story.ts';

const { terms } = story;
const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
const rail = { price: 1_000_000_000n, quantum: 1n, dust: 0n };
const worth = (traffic: Traffic): bigint => valueFloor(terms, scaledValue(terms, rail, traffic));
const shown = (value: bigint): string => value.toString().replace(/\B(?=(\d{3})+$)/g, ' ');
const says = (...parts: string[]): void => parts.forEach((part) => expect(page).include(part));

describe('the numbers in docs/rules.md', () => {
  it('price circuits (rule 1)', () => {
    const cost = (hops: number, leavesTor: boolean) => shown(usageCeil(terms, rail, circuitUsage(GIB, hops, leavesTor)));
    says(`| 3 hops, leaves Tor | 1 + 1 + 1.5 = ${cost(3, true)} |`);
    says(`| 2 hops, leaves Tor | 1 + 1.5 = ${cost(2, true)} |`);
    says(`| 3 hops, stays in Tor | 1 + 1 + 1 = ${cost(3, false)} |`);
  });

  it('value links (rule 2)', () => {
    expect(linkTraffic(GIB, 1, true)).deep.equal({ relayBytes: GIB, exitBytes: GIB });
    expect(linkTraffic(GIB, 0, true)).deep.equal({ relayBytes: 0n, exitBytes: GIB });
    says(`| guard to middle | 1 | b | b | ${shown(worth(linkTraffic(GIB, 1, true)))} |`);
    says(`| middle to exit | 0 | 0 | b | ${shown(worth(linkTraffic(GIB, 0, true)))} |`);
    expect([2, 1, 0].map((left) => worth(linkTraffic(GIB, left, true)))).deep.equal([
      3_500_000_000n,
      2_500_000_000n,
      1_500_000_000n,
    ]);
    expect(usageCeil(terms, rail, circuitUsage(GIB, 4, true))).equal(4_500_000_000n);
  });

  it('round (rule 3)', () => {
    const exact = (traffic: Traffic, digits: number): string => {
      const scaled = (scaledValue(terms, rail, traffic) * 10n ** BigInt(digits)) / scaleOf(terms);
      const text = scaled.toString().padStart(digits + 1, '0');
      return `${shown(BigInt(text.slice(0, -digits)))}.${text.slice(-digits)}…`;
    };
    const cell = linkTraffic(514n, 1, true);
    const used = circuitUsage(514n, 3, true);
    const byte = { relayBytes: 1n, exitBytes: 0n };
    const story = linkTraffic(104_856_000n, 1, true);
    says(`| one cell, guard's IOU to the middle | ${exact(cell, 2)} | ${shown(worth(cell))} |`);
    says(`| one cell, subscriber's usage, 3 hops | ${exact(used, 2)} | ${shown(usageCeil(terms, rail, used))} |`);
    says(
      `standard hop, IOU | ${exact(byte, 2)} | ${worth(byte)} |`,
      `standard hop, usage | ${exact(byte, 2)} | ${usageCeil(terms, rail, byte)} |`,
    );
    says(`| 204 000 cells, guard's IOU to the middle | ${exact(story, 3)} | ${shown(worth(story))} |`);
    const [held, issued] = [linkTraffic(3n * 514n, 1, true), linkTraffic(514n, 0, true)];
    const net = netOf(terms, rail, { held, issued, carry: { amount: 0n, since: 1 } });
    says(exact(held, 2), exact(issued, 2), `so ${shown(net.amount)} are paid`);
    const difference = { relayBytes: held.relayBytes - issued.relayBytes, exitBytes: held.exitBytes - issued.exitBytes };
    says(exact(difference, 2));
  });

  it('start circuits (rule 4)', () => {
    says(`| 40 cells, 20 560 bytes | ${shown(chargedBytes(20_560n, 25_700n, true))} |`);
    says(`| 100 cells, 51 400 bytes | ${shown(chargedBytes(51_400n, 25_700n, true))} |`);
    expect(onwardBytes(20_560n, 25_700n, 25_700n, true)).equal(25_700n);
    says(`that is ${shown(usageCeil(terms, rail, circuitUsage(25_700n, 3, true)))} units`);
    const room = affordableBytes(terms, rail, noTraffic, 89_944n, { hops: 3, leavesTor: true }) as bigint;
    says(`89 944 units carries ${shown(room)} bytes`);
  });

  it('lend (rule 6)', () => {
    says(`covers ${shown((2n * GIB) / 5n)} bytes of circuits`);
    expect((2_500_000_000n * GIB) / rail.price).equal((5n * GIB) / 2n);
  });

  it('carry (rule 8)', () => {
    const coarse = { price: 1_000_000_000n, quantum: 1000n, dust: 10_000n };
    let carry = { amount: 0n, since: 0 };
    for (const [interval, value] of [4400n, 3900n, 6250n, 700n, 0n, 0n, 0n].entries()) {
      const bytes = value === 0n ? 0n : (value * GIB) / coarse.price + 1n;
      const at = { ...terms, interval: interval + 1 };
      const held = { relayBytes: bytes, exitBytes: 0n };
      expect(valueFloor(at, scaledValue(at, coarse, held))).equal(value);
      const net = netOf(at, coarse, { held, issued: noTraffic, carry });
      const before = carry.amount === 0n ? '0' : `${shown(carry.amount)}, ${carry.since}`;
      carry = net.carryLeft;
      const after = carry.amount === 0n ? '0' : `${shown(carry.amount)}, ${carry.since}`;
      says(`| ${interval + 1} | ${shown(value)} | ${before} | ${shown(net.amount)} | ${after} |`);
      if (net.forgiven > 0n) says(`${shown(net.forgiven)} forgiven`);
    }
  });

  it('contest (rule 10)', () => {
    const signed = story.contest.body;
    const rails = story.terms.parameters.rails['ledger']!;
    says(`quantum ${shown(rails.quantum)}, dust ${shown(rails.dust)}`);
    const basis = basisOf({
      ...signed,
      ground: { kind: 'claimed', held: story.iou, issued: null, carry: null },
    });
    const carry = story.settlement.body.carryIn;
    says(
      `| the settlement that both signed | ${shown(dueOf(terms, 'ledger', basisOf(signed)))} |`,
      `| the IOU and the carry, no settlement | ${shown(dueOf(terms, 'ledger', { ...basis, carry }))} |`,
      `| to the fallback of a silent creditor | ${shown(dueAtFallback(terms, 'ledger', { ...basis, carry }))} |`,
    );
  });

  it('draw the course of a case as it goes (rule 10)', () => {
    const events: CaseEvent[] = [
      { kind: 'reduced' },
      { kind: 'paid', late: false },
      { kind: 'paid', late: true },
      { kind: 'nothing-owed' },
      { kind: 'withdrawn', late: false },
      { kind: 'withdrawn', late: true },
      { kind: 'expired' },
    ];
    const row = (state: CaseState) => events.map((event) => decideCase(state, event) ?? '–').join(' | ');
    for (const state of ['open', 'answered', 'upheld', 'late'] as const) says(`| ${state} | ${row(state)} |`);
    for (const state of ['dismissed', 'withdrawn'] as const) says(`| dismissed, withdrawn | ${row(state)} |`);
  });

  it('net Figure 1 (rule 8)', () => {
    const listed = /exactly this table is ([()\d, ]+)/.exec(page)![1]!;
    const circuits = [...listed.matchAll(/\((\d),(\d),(\d)\)/g)].map(
      (match) => match.slice(1, 4).map(Number) as [number, number, number],
    );
    expect(circuits.length).equal(13);
    const owed = new Map<string, Traffic>();
    const of = (from: number, to: number): Traffic => owed.get(`${from} ${to}`) ?? noTraffic;
    const add = (from: number, to: number, left: number): void =>
      void owed.set(`${from} ${to}`, addTraffic(of(from, to), linkTraffic(GIB, left, true)));
    for (const [entry, middle, exit] of circuits) {
      add(entry, middle, 1);
      add(middle, exit, 0);
    }
    expect([...owed.values()].reduce((sum, one) => sum + worth(one), 0n)).equal(52_000_000_000n);
    const payments: string[] = [];
    for (let a = 1; a <= 6; a += 1) {
      for (let b = a + 1; b <= 6; b += 1) {
        const net = netOf(terms, rail, { held: of(b, a), issued: of(a, b), carry: { amount: 0n, since: 1 } });
        if (net.amount === 0n) continue;
        const [from, to] = net.creditor === 'me' ? [b, a] : [a, b];
        payments.push(`| R${from} to R${to} | ${Number(net.amount) / 1e9} |`);
      }
    }
    expect(payments.length).equal(7);
    says(...payments);
  });
});
