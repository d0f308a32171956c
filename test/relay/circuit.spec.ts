import { expect } from 'chai';
import fc from 'fast-check';
import { testTerms } from '../harness/view.ts';
import { isDone, newCircuit, withReading } from '../../relay/circuit/decide.ts';
import type { CircuitReading } from '../../tor/meter.ts';
import { createCircuits, type Circuits, type Taken } from '../../relay/circuit/table.ts';
import { decideIssue, growthOf } from '../../relay/iou/decide-issue.ts';
import { createSessions } from '../../relay/session/table.ts';
import { onwardBytes } from '../../core/rule/chain.ts';
import type { CertifiedCircuit, Iou } from '../../core/wire/iou.ts';

const entry: CertifiedCircuit = { circuit: 1, from: 0n, bytes: 0n, hopsLeft: 1, leavesTor: true, closed: false, order: null };

/** A delivery of G, of interval and tick 0, as its holder takes it. */
function taken(entries: readonly CertifiedCircuit[], interval = 0, changed: Partial<Taken> = {}): Taken {
  return { issuer: 'G', interval, tick: 0, isCreditSpent: false, entries, ...changed };
}

/** Three tables in a row, and the issuing between them without signatures, calls or disk. */
function chain(startingBytes: bigint) {
  const hops = ['G', 'M', 'X'];
  const sessions = createSessions();
  const tables = hops.map((name) => createCircuits(name === 'G' ? sessions : createSessions()));
  const issued = new Map<string, Iou>();
  sessions.add({ session: 's', connection: 'c', hops: 3, leavesTor: true });

  function read(hop: number, circuit: number, bytes: bigint, interval: number, closed = false): void {
    const previous = { relay: hops[hop - 1] ?? null, connection: hop === 0 ? 'c' : null, circuit: hop * 1000 + circuit };
    const next = hop === 2 ? null : { relay: hops[hop + 1] as string, circuit: (hop + 1) * 1000 + circuit };
    tables[hop]?.read({ previous, next, bytes, closed }, interval);
  }

  function tick(hop: number, interval: number): Iou | null {
    const [issuer, holder] = [hops[hop] as string, hops[hop + 1] as string];
    const table = tables[hop] as Circuits;
    const last = issued.get(`${hop}/${interval}`) ?? null;
    const made = decideIssue({
      ...{ issuer, issuerKey: 1, holder, terms: testTerms(interval), digest: '', last, ticking: false, issuedAt: 0 },
      drafts: table.drafts(holder, { interval, startingBytes }, 501),
      creditBytes: 2n ** 62n,
    });
    if (made.iou === null) return null;
    const growth = growthOf(made.circuits);
    expect(made.iou.relayBytes).to.equal((last?.relayBytes ?? 0n) + growth.relayBytes);
    expect(made.iou.exitBytes).to.equal((last?.exitBytes ?? 0n) + growth.exitBytes);
    for (const entry of made.circuits) {
      const known = tables[hop + 1]?.counted(issuer, entry, interval);
      expect(entry.from).to.equal(known?.bytes ?? 0n);
      expect(entry.bytes >= entry.from).to.equal(true);
    }
    issued.set(`${hop}/${interval}`, made.iou);
    tables[hop + 1]?.certify(taken(made.circuits, interval, { issuer }));
    table.acknowledge(made.marks, interval);
    return made.iou;
  }
  const totals = (hop: number, interval: number) => {
    const iou = issued.get(`${hop}/${interval}`);
    return [iou?.relayBytes ?? 0n, iou?.exitBytes ?? 0n];
  };
  return { tables, read, tick, totals };
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('read' as const), hop: fc.nat(2), circuit: fc.nat(3), share: fc.nat(100) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tick' as const), hop: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), hop: fc.nat(2) }) },
);

describe('circuits in memory', () => {
  it('certify the same traffic to the byte, however it is split into readings and ticks', () => {
    const sizes = fc.array(fc.bigInt(0n, 5000n), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.bigInt(0n, 800n), fc.array(step, { maxLength: 60 }), (bytes, startingBytes, steps) => {
        const net = chain(startingBytes);
        const seen = new Map<string, bigint>();
        const certified = [0n, 0n];
        for (const one of steps) {
          if (one.do === 'purge') net.tables[one.hop]?.purge([{ interval: 0, startingBytes }]);
          if (one.do === 'tick') {
            const exitBytes = net.tick(one.hop, 0)?.exitBytes;
            if (exitBytes !== undefined) expect(exitBytes >= (certified[one.hop] as bigint)).to.equal(true);
            certified[one.hop] = exitBytes ?? (certified[one.hop] as bigint);
            expect((certified[1] as bigint) <= (certified[0] as bigint)).to.equal(true);
          }
          if (one.do !== 'read') continue;
          // Readings grow; each hop sees its own.
          const name = `${one.hop}/${one.circuit}`;
          const size = (bytes[one.circuit] as bigint) * BigInt(one.share);
          const now = size / 100n > (seen.get(name) ?? 0n) ? size / 100n : (seen.get(name) ?? 0n);
          seen.set(name, now);
          net.read(one.hop, one.circuit, now, 0);
        }
        for (const hop of [0, 1, 2]) bytes.forEach((size, circuit) => net.read(hop, circuit, size, 0, true));
        for (const hop of [0, 1, 0, 1]) net.tick(hop, 0);
        const sum = bytes.reduce((total, size) => total + (size < startingBytes ? startingBytes : size), 0n);
        expect(net.totals(0, 0)).to.deep.equal([sum, sum]);
        expect(net.totals(1, 0)).to.deep.equal([0n, sum]);
        // Nothing is left of them once all of it is said.
        for (const hop of [0, 1, 2]) net.tables[hop]?.purge([{ interval: 0, startingBytes }]);
        if (bytes.every((size) => size > 0n || startingBytes > 0n))
          expect(net.tables.flatMap((one) => one.holders())).to.deep.equal([]);
      }),
      { numRuns: 150 },
    );
  });

  it('count each interval by itself, the starting amount in the first alone', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 900n),
        fc.bigInt(0n, 900n),
        fc.bigInt(0n, 900n),
        fc.nat(3),
        (first, second, startingBytes, ticks) => {
          const net = chain(startingBytes);
          for (const hop of [0, 1, 2]) net.read(hop, 1, first, 0);
          for (let n = 0; n < ticks; n++) net.tick(n % 2, 0);
          for (const hop of [0, 1, 2]) net.read(hop, 1, first + second, 1, true);
          // In grace the old interval is completed while the new one runs.
          for (const hop of [0, 1]) for (const interval of [1, 0]) net.tick(hop, interval);
          const charged = first < startingBytes ? startingBytes : first;
          expect(net.totals(0, 0)).to.deep.equal([charged, charged]);
          expect(net.totals(1, 0)).to.deep.equal([0n, charged]);
          expect(net.totals(0, 1)).to.deep.equal([second, second]);
          expect(net.totals(1, 1)).to.deep.equal([0n, second]);
        },
      ),
    );
  });

  it('owe onward the lesser of what was carried and what was certified', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 900n), fc.bigInt(1n, 900n), fc.bigInt(0n, 900n), (carried, certified, startingBytes) => {
        const table = createCircuits(createSessions());
        table.certify(taken([{ ...entry, bytes: certified }]));
        table.read(
          {
            previous: { relay: 'G', connection: null, circuit: 1 },
            next: { relay: 'X', circuit: 2 },
            bytes: carried,
            closed: false,
          },
          0,
        );
        const [draft] = table.drafts('X', { interval: 0, startingBytes }, 10);
        const owed = onwardBytes(carried, certified, startingBytes, true);
        expect(draft?.owed ?? 0n).to.equal(owed);
        expect(owed <= certified).to.equal(true);
      }),
    );
  });

  it('hold two circuits apart that had the same id, one after the other', () => {
    const net = chain(0n);
    const use = (bytes: bigint): void => {
      for (const hop of [0, 1, 2]) net.read(hop, 7, bytes, 0);
      for (const hop of [0, 1, 2]) net.read(hop, 7, bytes, 0, true);
    };
    use(100n);
    use(20n);
    for (const hop of [0, 0, 1, 0, 1, 1]) net.tick(hop, 0);
    expect(net.totals(0, 0)).to.deep.equal([120n, 120n]);
  });

  it('keep no more than so many circuits that an issuer names and nobody has seen', () => {
    const table = createCircuits(createSessions());
    for (let id = 1; id <= 10_001; id++) {
      table.certify(taken([{ ...entry, circuit: id, bytes: 1n }]));
    }
    expect(table.counted('G', { ...entry, circuit: 10_000 }, 0)?.bytes).to.equal(1n);
    expect(table.counted('G', { ...entry, circuit: 10_001 }, 0)).to.equal(null);
    // What is not kept is counted all the same.
    expect(table.compared('G', 0).unseenBytes).to.equal(10_001n);
  });

  it('wait for deliveries of an interval in grace, though the next one’s said that it closed', () => {
    const table = createCircuits(createSessions());
    const reading = { previous: { relay: 'G', connection: null, circuit: 1 }, next: { relay: 'X', circuit: 2 } };
    table.read({ ...reading, bytes: 100n, closed: false }, 0);
    table.read({ ...reading, bytes: 105n, closed: true }, 1);
    table.certify(taken([{ ...entry, bytes: 5n, closed: true }], 1));
    table.acknowledge([{ key: 'G/1', bytes: 5n, closed: true }], 1);
    const open = [0, 1].map((interval) => ({ interval, startingBytes: 0n }));
    table.purge(open);
    table.certify(taken([{ ...entry, bytes: 100n }]));
    expect(table.drafts('X', open[0]!, 1).map((draft) => draft.owed)).to.deep.equal([100n]);
    table.purge(open.slice(1));
    expect(table.holders()).to.deep.equal([]);
  });

  it('are forgotten: a free one of a client when it closes, a free one of a relay when the books do', () => {
    const open = [{ interval: 0, startingBytes: 0n }];
    const reading = (previous: CircuitReading['previous'], closed: boolean): CircuitReading => ({
      previous,
      next: null,
      bytes: 1n,
      closed,
    });
    const done = (previous: CircuitReading['previous'], closed: boolean, at = open) =>
      isDone(withReading(newCircuit(previous, 0), reading(previous, closed), 0), at);
    const client = { relay: null, connection: 'c', circuit: 1 };
    const relay = { relay: 'G', connection: null, circuit: 1 };
    expect([done(client, false), done(client, true)]).to.deep.equal([false, true]);
    expect([done(relay, false), done(relay, true)]).to.deep.equal([false, false]);
    expect(done(relay, true, [{ interval: 1, startingBytes: 0n }])).to.equal(true);
  });
});
