/*
 * The guard's counting, pure: no split of the same traffic and no order of reports changes what is charged; grants never exceed what
 * can be paid.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { chargedBytes } from '../../core/rule/chain.ts';
import { addTraffic, circuitUsage, usageCeil, type Traffic } from '../../core/rule/price.ts';
import {
  canBegin,
  grantOf,
  highestUsage,
  noUsage,
  reserve,
  settleTick,
  takeReading,
  takeShortfall,
  takeTick,
  usageIn,
  type Session,
} from '../../guard/session/decide.ts';
import { roomFor } from '../../guard/session/funds.ts';
import type { Purse } from '../../guard/session/live.ts';
import { chargeWithin } from '../../guard/tally/decide.ts';
import { testTerms } from '../harness/view.ts';

const fresh: Session = {
  ref: '00',
  connection: 'c',
  subscriber: 's',
  hops: 3,
  leavesTor: true,
  seen: { circuitBytes: 0n, otherBytes: 0n },
  counts: new Map(),
  reserved: 0n,
  grants: [0n, 0n],
  told: false,
  state: 'open',
  since: 0,
};
const bytes = fc.bigInt({ min: 0n, max: 10n ** 12n });
const terms = testTerms(0);
const rail = terms.parameters.rails['ledger'] as { price: bigint; quantum: bigint; dust: bigint };

describe('guard/session', () => {
  it('charges the same for any split of the same traffic', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes), { maxLength: 30 }), (parts) => {
        let session = fresh;
        let circuitBytes = 0n;
        let otherBytes = 0n;
        for (const [circuit, other] of parts) {
          circuitBytes += circuit;
          otherBytes += other;
          session = takeReading(session, { circuitBytes, otherBytes }, 0);
        }
        const whole = takeReading(fresh, { circuitBytes, otherBytes }, 0);
        expect(usageIn(session, 0)).to.deep.equal(usageIn(whole, 0));
        expect(usageIn(session, 0)).to.deep.equal({
          circuitBytes,
          otherBytes,
          relayBytes: 2n * circuitBytes + otherBytes,
          exitBytes: circuitBytes,
        });
      }),
    );
  });

  it('ignores readings that are repeated or out of order', () => {
    const session = takeReading(fresh, { circuitBytes: 10n, otherBytes: 5n }, 0);
    expect(takeReading(session, { circuitBytes: 10n, otherBytes: 5n }, 0)).to.deep.equal(session);
    expect(usageIn(takeReading(session, { circuitBytes: 3n, otherBytes: 2n }, 0), 0)).to.deep.equal(usageIn(session, 0));
  });

  it('charges max(bytes, startingBytes) a circuit after every tick, or what was certified of a free one, told only changes', () => {
    const frees = fc.option(fc.bigInt({ min: 0n, max: 30_000n }), { nil: null, freq: 3 });
    const step = fc.record({ circuit: fc.nat(4), bytes: fc.bigInt({ min: 1n, max: 40_000n }), ticks: fc.boolean(), frees });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, tickFirst) => {
        const starting = 25_700n;
        const circuits = new Map<number, bigint>();
        /** Turned free: what was certified of them. */
        const free = new Map<number, bigint>();
        let session = fresh;
        let told = 0n;
        const sum = (of: (bytes: bigint, circuit: number) => bigint) =>
          [...circuits].reduce((total, [circuit, one]) => total + of(one, circuit), 0n);
        const truth = () => sum((one, circuit) => free.get(circuit) ?? chargedBytes(one, starting, true));
        const carried = () => sum((one) => one);
        const tell = () => {
          if (truth() - carried() === told) return;
          told = truth() - carried();
          session = takeShortfall(session, 0, told);
        };
        // Guard's and relay's ticks fall into the same second, in any order.
        const tick = () => {
          if (tickFirst) session = takeTick(session, starting);
          tell();
          if (!tickFirst) session = takeTick(session, starting);
          session = settleTick(session);
          expect(usageIn(session, 0).circuitBytes).to.equal(truth());
        };
        for (const one of steps) {
          circuits.set(one.circuit, (circuits.get(one.circuit) ?? 0n) + one.bytes);
          session = takeReading(session, { circuitBytes: carried(), otherBytes: 0n }, 0);
          if (free.size === 0) expect(usageIn(session, 0).circuitBytes <= truth()).to.equal(true);
          const charge = chargedBytes(circuits.get(one.circuit) as bigint, starting, true);
          if (one.ticks && one.frees !== null && !free.has(one.circuit))
            free.set(one.circuit, charge < one.frees ? charge : one.frees);
          if (one.ticks) tick();
        }
        tick();
      }),
    );
  });

  it('charges nothing below zero, and what comes after bytes that turned free in full', () => {
    const told = takeShortfall(takeReading(fresh, { circuitBytes: 5000n, otherBytes: 0n }, 0), 0, -4600n);
    expect(usageIn(told, 0).circuitBytes).to.equal(400n);
    const more = takeReading(told, { circuitBytes: 5100n, otherBytes: 0n }, 0);
    expect(usageIn(more, 0).circuitBytes).to.equal(500n);
    // The relay counts a little more than the transport.
    const odd = takeShortfall(more, 0, -5103n);
    expect(usageIn(odd, 0).circuitBytes).to.equal(0n);
    expect(usageIn(takeReading(odd, { circuitBytes: 5200n, otherBytes: 0n }, 0), 0).circuitBytes).to.equal(97n);
  });

  it('counts what comes after the cut-off in the next interval', () => {
    const first = takeReading(fresh, { circuitBytes: 100n, otherBytes: 0n }, 7);
    const second = takeReading(first, { circuitBytes: 130n, otherBytes: 4n }, 8);
    expect(usageIn(second, 7).circuitBytes).to.equal(100n);
    expect(usageIn(second, 8)).to.deep.include({ circuitBytes: 30n, otherBytes: 4n });
  });

  it('frees what was set aside as it is used, and after two ticks without use', () => {
    const granted = reserve(fresh, 1000n);
    expect(takeReading(granted, { circuitBytes: 400n, otherBytes: 0n }, 0).reserved).to.equal(600n);
    const ticks = (session: Session, startingBytes: bigint) =>
      [1, 2, 3].reduce((one) => takeTick(one, startingBytes), session).reserved;
    expect(takeTick(granted, 0n).reserved).to.equal(1000n);
    expect(ticks(granted, 0n)).to.equal(0n);
    // A starting amount that the relay has not told of yet will be charged.
    expect(ticks(granted, 25_700n)).to.equal(1000n);
    expect(takeTick(takeShortfall(granted, 0, 100n), 25_700n)).to.deep.include({ reserved: 900n, told: false });
  });

  it('grants as a table says', () => {
    const table: [wanted: bigint, begun: boolean, affordable: bigint | 'unlimited', starting: bigint, expected: object][] = [
      [100n, false, 'unlimited', 50n, { bytes: 100n, reserve: 0n, ends: false }],
      [100n, false, 1000n, 50n, { bytes: 100n, reserve: 100n, ends: false }],
      [10n, false, 1000n, 50n, { bytes: 10n, reserve: 50n, ends: false }],
      [100n, false, 60n, 50n, { bytes: 60n, reserve: 60n, ends: false }],
      [100n, false, 50n, 50n, { bytes: 50n, reserve: 50n, ends: false }],
      [100n, false, 49n, 50n, { bytes: 0n, reserve: 0n, ends: true }],
      [100n, false, 0n, 0n, { bytes: 0n, reserve: 0n, ends: true }],
      [100n, true, 7n, 50n, { bytes: 7n, reserve: 7n, ends: false }],
      [100n, true, 0n, 50n, { bytes: 0n, reserve: 0n, ends: true }],
    ];
    for (const [wanted, begun, affordable, starting, expected] of table) {
      expect(grantOf({ wanted, begun }, affordable, starting)).to.deep.equal(expected);
    }
    expect(canBegin(0n, 0n)).to.equal(false);
  });
});

describe('guard/tally', () => {
  it('charges usageCeil, and forgives only bytes beside circuits that nothing is left to pay', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.bigInt({ min: 0n, max: 10n ** 13n }), (circuit, other, funds) => {
        const usage = { circuitBytes: circuit, otherBytes: other, relayBytes: 2n * circuit + other, exitBytes: circuit };
        const charged = chargeWithin({ terms, rail }, usage, funds, noUsage);
        const circuits: Traffic = { relayBytes: 2n * circuit, exitBytes: circuit };
        expect(charged.amount).to.equal(usageCeil(terms, rail, charged.usage));
        expect(charged.usage.otherBytes + charged.forgiven).to.equal(other);
        expect(charged.usage.circuitBytes).to.equal(circuit);
        if (usageCeil(terms, rail, circuits) > funds) return;
        expect(charged.amount <= funds).to.equal(true);
        // Not a byte more is forgiven than must be.
        const oneMore = { ...charged.usage, relayBytes: charged.usage.relayBytes + 1n };
        if (charged.forgiven > 0n) expect(usageCeil(terms, rail, oneMore) > funds).to.equal(true);
      }),
    );
  });

  it('never charges less than both have signed, and still no more than the funds', () => {
    const counts = fc.record({ circuit: bytes, leaving: bytes, other: bytes });
    const usageOfCounts = ({ circuit, leaving, other }: { circuit: bigint; leaving: bigint; other: bigint }) => ({
      ...{ circuitBytes: circuit + leaving, otherBytes: other },
      ...{ relayBytes: 2n * circuit + leaving + other, exitBytes: circuit },
    });
    fc.assert(
      fc.property(counts, counts, fc.bigInt({ min: 0n, max: 10n ** 13n }), (used, agreed, funds) => {
        const [usage, floor] = [usageOfCounts(used), usageOfCounts(agreed)];
        const charged = chargeWithin({ terms, rail }, usage, funds, floor);
        expect(charged.usage).to.deep.equal(highestUsage(charged.usage, floor));
        expect(charged.amount).to.equal(usageCeil(terms, rail, charged.usage));
        // Circuits were allowed only beside what was charged already.
        const relayBytes = usage.relayBytes - usage.otherBytes + floor.otherBytes;
        const least = highestUsage({ ...usage, otherBytes: floor.otherBytes, relayBytes }, floor);
        if (usageCeil(terms, rail, least) <= funds && usage.otherBytes > floor.otherBytes) {
          expect(charged.amount <= funds).to.equal(true);
        }
      }),
    );
  });

  it('keeps bytes that were charged, beside a circuit that grew since, seed -1099340209', () => {
    const floor = { ...noUsage, otherBytes: 1000n, relayBytes: 1000n };
    const usage = { circuitBytes: 1n, otherBytes: 1001n, relayBytes: 1002n, exitBytes: 0n };
    const funds = usageCeil(terms, rail, { relayBytes: 1001n, exitBytes: 0n });
    const charged = chargeWithin({ terms, rail }, usage, funds, floor);
    expect(charged.usage).to.deep.equal({ circuitBytes: 1n, otherBytes: 1000n, relayBytes: 1001n, exitBytes: 0n });
    expect(charged.forgiven).to.equal(1n);
  });

  it('leaves room for just what can be paid, and what both have signed is paid already', () => {
    const kind = fc.record({ hops: fc.integer({ min: 1, max: 4 }), leavesTor: fc.boolean() });
    fc.assert(
      fc.property(bytes, bytes, bytes, kind, kind, (used, agreed, extra, first, second) => {
        const floor = { ...noUsage, ...circuitUsage(agreed, second.hops, second.leavesTor) };
        const session = takeReading({ ...fresh, ...first }, { circuitBytes: used, otherBytes: 0n }, 0);
        const rest = { subscriber: 's', rail: 'ledger', base: new Map(), forgiven: new Map(), usedUp: false, funds: null };
        const purse: Purse = { ...rest, signed: new Map([[0, floor]]), sessions: new Map([['00', session]]) };
        const cost = (more: bigint) =>
          usageCeil(
            terms,
            rail,
            highestUsage(
              { ...noUsage, ...addTraffic(usageIn(session, 0), circuitUsage(more, first.hops, first.leavesTor)) },
              floor,
            ),
          );
        const funds = cost(0n) + extra;
        const room = roomFor(purse, 0, { terms, rail }, funds, () => null, first);
        if (room === 'unlimited') throw new Error('a price');
        expect(cost(room) <= funds).to.equal(true);
        // Where both are of one kind, not a byte more can be paid.
        const isSame = first.hops === second.hops && first.leavesTor === second.leavesTor;
        if (isSame) expect(cost(room + 1n) > funds).to.equal(true);
      }),
    );
  });

  it('never forgives what was charged before', () => {
    const usage = { circuitBytes: 0n, otherBytes: 100n, relayBytes: 100n, exitBytes: 0n };
    expect(chargeWithin({ terms, rail }, usage, 0n, { ...noUsage, otherBytes: 40n }).usage.otherBytes).to.equal(40n);
  });
});
