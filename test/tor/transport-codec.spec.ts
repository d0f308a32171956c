/*
 * The pure parts of the transport: frames in any cuts, arguments of a bridge line, and how carried bytes fall into circuits and the
 * rest, whatever the meter's delay.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { createAdmission, sourceOf } from '../../tor/transport/admission.ts';
import { createCircuits, createClientSplit, createGuardSplit } from '../../tor/transport/count.ts';
import { CONTROL, createFrameReader, DATA, header, PAYLOAD_MAX, type Piece } from '../../tor/transport/frame.ts';
import { createOwnCircuits } from '../../tor/transport/own-circuits.ts';
import { parseArguments } from '../../tor/transport/socks.ts';

const frame = fc.record({
  kind: fc.constantFrom<typeof DATA | typeof CONTROL>(DATA, CONTROL),
  payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

describe('tor/transport/frame', () => {
  it('reads what was written, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(40), { minLength: 1 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.flatMap(({ kind, payload }) => [header(kind, payload.length), payload]));
        const reader = createFrameReader();
        const pieces: Piece[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = 1 + cuts[cut % cuts.length]!;
          const read = reader.push(bytes.subarray(at, at + size));
          if (!read.ok) throw new Error(read.refusal.about);
          pieces.push(...read.value);
          at += size;
        }
        const data = pieces.flatMap((piece) => (piece.kind === 'data' ? [piece.bytes] : []));
        const control = pieces.flatMap((piece) => (piece.kind === 'control' ? [piece.sealed.toString('hex')] : []));
        const of = (kind: number) => frames.filter((one) => one.kind === kind).map((one) => Buffer.from(one.payload));
        expect(Buffer.concat(data)).deep.equal(Buffer.concat(of(DATA)));
        expect(control).deep.equal(of(CONTROL).map((one) => one.toString('hex')));
      }),
    );
  });

  it('never throws, and holds no more than one control frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        const reader = createFrameReader();
        for (const chunk of chunks) {
          const read = reader.push(Buffer.from(chunk));
          if (!read.ok) {
            expect(read.refusal.code).equal('transport-frame');
            return;
          }
          for (const piece of read.value) {
            expect((piece.kind === 'data' ? piece.bytes : piece.sealed).length).within(1, PAYLOAD_MAX);
          }
        }
      }),
    );
  });
});

describe('tor/transport/socks', () => {
  const escaped = (text: string): string => text.replace(/[\\;=]/g, '\\$&');

  it('reads arguments that are escaped as pt-spec says', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { selector: ([key]) => key, maxLength: 6 });
    fc.assert(
      fc.property(pairs, (all) => {
        const text = all.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join(';');
        const read = parseArguments(text);
        expect(read.ok ? [...read.value] : read.refusal.code).deep.equal(all);
      }),
    );
  });

  it('refuses what is no pair, or a key twice', () => {
    for (const text of ['guard', '=1', 'a=1;a=2', 'a=1;;b=2', 'a=1=2', ';']) expect(parseArguments(text).ok, text).equal(false);
    const ok = parseArguments('guard=ab');
    expect(ok.ok && ok.value.get('guard')).equal('ab');
  });
});

describe('tor/transport/count', () => {
  /** A second of traffic: bytes of circuits and of the rest, and by how many seconds the guard's and the client's meter are behind. */
  const second = fc.record({ circuits: fc.nat(5_000_000), other: fc.nat(40_000), guardLag: fc.nat(4), clientLag: fc.nat(4) });

  it('a guard never tells of more than there was, nor than its client knows; in the end of all', () => {
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 60 }), (seconds) => {
        const guard = createGuardSplit(5);
        const client = createClientSplit(4);
        const totals = [{ circuits: 0n, other: 0n }];
        let [guardSeen, clientSeen] = [0n, 0n];
        for (const [index, { circuits, other, guardLag, clientLag }] of seconds.entries()) {
          const last = totals.at(-1)!;
          totals.push({ circuits: last.circuits + BigInt(circuits), other: last.other + BigInt(other) });
          const now = totals.at(-1)!;
          const seenAt = (lag: number): bigint => totals[Math.max(0, totals.length - 1 - lag)]!.circuits;
          if (seenAt(guardLag) > guardSeen) guardSeen = seenAt(guardLag);
          if (seenAt(clientLag) > clientSeen) clientSeen = seenAt(clientLag);
          const carried = now.circuits + now.other;
          const known = client.take(index, carried, clientSeen);
          const told = guard.take(index, carried, guardSeen, true);
          expect(told.circuitBytes <= now.circuits && told.otherBytes <= now.other, 'no more than there was').equal(true);
          expect(told.circuitBytes <= known.circuitBytes, 'circuits that the client knows').equal(true);
          expect(told.otherBytes <= known.otherBytes, 'the rest that the client knows').equal(true);
        }
        const { circuits, other } = totals.at(-1)!;
        expect(guard.last(circuits + other, circuits, true)).deep.equal({ circuitBytes: circuits, otherBytes: other });
      }),
    );
  });

  it('a download that comes faster than tor tells of it is not the rest to its client', () => {
    const split = createClientSplit(4);
    for (const at of [1, 2, 3]) expect(split.take(at, 5_000n, 0n).otherBytes).equal(5_000n);
    expect(split.take(4, 6_005_000n, 0n).otherBytes).equal(5_000n);
    expect(split.take(4, 6_005_000n, 5_999_000n).otherBytes).equal(5_000n);
    expect(split.take(7, 12_006_000n, 5_999_000n).otherBytes).equal(6_000n);
  });

  it('knows nothing of the rest while the meter is away, or before it has shown a circuit', () => {
    const split = createGuardSplit(1);
    const nothing = { circuitBytes: 0n, otherBytes: 0n };
    for (let at = 0; at < 5; at++) expect(split.take(at, 1000n * BigInt(at), 0n, true)).deep.equal(nothing);
    expect(split.take(5, 9000n, 5000n, false)).deep.equal(nothing);
    expect(split.take(7, 9000n, 5000n, false)).deep.equal({ circuitBytes: 5000n, otherBytes: 0n });
    expect(split.last(9000n, 5000n, false)).deep.equal({ circuitBytes: 5000n, otherBytes: 0n });
    expect(split.take(9, 9000n, 8500n, true)).deep.equal({ circuitBytes: 5000n, otherBytes: 500n });
    expect(split.last(9000n, 8500n, true)).deep.equal({ circuitBytes: 8500n, otherBytes: 500n });
  });

  it('sums circuits whose ids are used again', () => {
    const circuits = createCircuits();
    expect(circuits.take({ bytes: 514n, closed: false }, 1)).equal(true);
    expect(circuits.take({ bytes: 1028n, closed: false }, 1)).equal(false);
    expect(circuits.take({ bytes: 514n, closed: false }, 2)).equal(true);
    expect(circuits.take({ bytes: 1542n, closed: true }, 1)).equal(false);
    expect(circuits.take({ bytes: 514n, closed: false }, 1)).equal(true);
    expect(circuits.total()).equal(2570n);
  });
});

describe('tor/transport/own-circuits', () => {
  const fingerprint = 'EFB94AEA00BD6C3402F845096E18DF9931D66991';
  const path = `$${fingerprint}~g1,$CBD5569391641998AB3618F48F44D7AEA8C51456~m1`;

  it('counts cells of circuits of several hops, as cells of 514 bytes', () => {
    const own = createOwnCircuits((known) => (known === fingerprint ? 'G' : 'M'));
    expect(own.circuit('20 LAUNCHED BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL')).deep.equal([]);
    // At once: a starting amount is charged from now on.
    const first = own.circuit(`20 EXTENDED $${fingerprint}~g1 BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`);
    expect(first).deep.equal([{ guard: 'G', circuit: 1, bytes: 0n, isLed: false, closed: false }]);
    expect(own.circuit(`20 BUILT ${path} BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`)).deep.equal([]);
    // 5 MiB: reference/tor.md, 10861 and 352 cells.
    const seen = own.bandwidth('ID=20 READ=5528249 WRITTEN=179168 TIME=2026-01-01T00:00:00.0 DELIVERED_READ=5243094');
    expect(seen).deep.equal([{ guard: 'G', circuit: 1, bytes: 11_213n * 514n, isLed: true, closed: false }]);
    expect(own.bandwidth('ID=20 READ=509 WRITTEN=0')[0]!.bytes).equal(11_214n * 514n);
    expect(own.circuit(`20 CLOSED ${path} REASON=FINISHED`)[0]).deep.include({ bytes: 11_214n * 514n, closed: true });
    expect(own.bandwidth('ID=20 READ=509 WRITTEN=0')).deep.equal([]);
  });

  it('knows which lead to a second relay of the scheme; what was counted before it is known is in the count', () => {
    const own = createOwnCircuits((known) => (known === fingerprint ? 'G' : null));
    own.circuit(`20 BUILT ${path} BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`);
    expect(own.bandwidth('ID=20 READ=5090 WRITTEN=0')[0]).deep.include({ isLed: false, bytes: 10n * 514n });
    expect(own.unpaid()).deep.equal({ circuits: 1, bytes: 10n * 514n });
    const late = createOwnCircuits((known) => (known === fingerprint ? 'G' : 'M'));
    late.circuit(`21 EXTENDED $${fingerprint}~g1 BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`);
    expect(late.bandwidth('ID=21 READ=1018 WRITTEN=0')[0]?.isLed).equal(false);
    late.circuit(`21 EXTENDED ${path} BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL`);
    expect(late.bandwidth('ID=21 READ=509 WRITTEN=0')[0]).deep.include({ isLed: true, bytes: 3n * 514n });
  });

  it('leaves out one hop to a directory, guards outside the scheme, and what is no event', () => {
    const own = createOwnCircuits((known) => (known === fingerprint ? 'G' : null));
    own.circuit(`3 BUILT $${fingerprint}~g1 BUILD_FLAGS=ONEHOP_TUNNEL,IS_INTERNAL,NEED_CAPACITY PURPOSE=GENERAL`);
    own.circuit('4 BUILT $CBD5569391641998AB3618F48F44D7AEA8C51456~m1 BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL');
    own.circuit('OK');
    own.circuit('');
    for (const id of [3, 4, 5]) expect(own.bandwidth(`ID=${id} READ=509 WRITTEN=509`)).deep.equal([]);
    expect(own.bandwidth('ID=x READ=- WRITTEN=')).deep.equal([]);
  });

  it('sums what passed over circuits with a later hop outside the scheme', () => {
    const own = createOwnCircuits((known) => (known === fingerprint ? 'G' : null));
    own.circuit(`1 EXTENDED $${fingerprint}~g1 PURPOSE=GENERAL`);
    own.bandwidth('ID=1 READ=5090 WRITTEN=0');
    expect(own.unpaid()).deep.equal({ circuits: 0, bytes: 0n });
    own.circuit(`1 BUILT ${path} PURPOSE=GENERAL`);
    expect(own.unpaid()).deep.equal({ circuits: 1, bytes: 5140n });
    own.circuit(`1 CLOSED ${path} REASON=FINISHED`);
    own.circuit(`2 BUILT ${path} PURPOSE=GENERAL`);
    own.bandwidth('ID=2 READ=509 WRITTEN=0');
    expect(own.unpaid()).deep.equal({ circuits: 2, bytes: 5654n });
    const all = createOwnCircuits(() => 'a relay of the scheme');
    all.circuit(`1 BUILT ${path} PURPOSE=GENERAL`);
    all.bandwidth('ID=1 READ=509 WRITTEN=0');
    expect(all.unpaid()).deep.equal({ circuits: 0, bytes: 0n });
  });

  it('lets go of the oldest beyond ten thousand, and tells what it had counted of it', () => {
    const own = createOwnCircuits((known) => (known === fingerprint ? 'G' : null));
    const circuit = (id: number) => own.circuit(`${id} BUILT ${path} PURPOSE=GENERAL`);
    for (let id = 1; id <= 10_000; id++) expect(circuit(id).map(({ closed }) => closed)).deep.equal([false]);
    for (const id of [1, 2]) own.bandwidth(`ID=${id} READ=509 WRITTEN=0`);
    expect(circuit(10_001)[0]).deep.equal({ guard: 'G', circuit: 1, bytes: 514n, isLed: false, closed: true });
    expect(own.bandwidth('ID=1 READ=509 WRITTEN=0')).deep.equal([]);
    expect(own.bandwidth('ID=2 READ=509 WRITTEN=0')[0]).deep.include({ circuit: 2, bytes: 1028n, closed: false });
    expect(own.bandwidth('ID=10001 READ=509 WRITTEN=0')[0]).deep.include({ circuit: 10_001, bytes: 514n });
    // What was unpaid of it still is.
    expect(own.unpaid()).deep.equal({ circuits: 10_001, bytes: 514n + 1028n + 514n });
  });

  it('takes numbers of another tor for other circuits', () => {
    const own = createOwnCircuits(() => 'G');
    own.circuit(`1 BUILT ${path} PURPOSE=GENERAL`);
    expect(own.bandwidth('ID=1 READ=509 WRITTEN=0')[0]!.circuit).equal(1);
    expect(own.forget()).deep.equal([{ guard: 'G', circuit: 1, bytes: 514n, isLed: true, closed: true }]);
    own.circuit(`1 BUILT ${path} PURPOSE=GENERAL`);
    expect(own.bandwidth('ID=1 READ=1018 WRITTEN=0')[0]).deep.include({ circuit: 2, bytes: 1028n });
  });
});

describe('tor/transport/admission', () => {
  it('counts back to nothing', () => {
    const steps = fc.array(fc.record({ source: fc.constantFrom('a', 'b', 'c'), leaves: fc.boolean(), greets: fc.boolean() }));
    fc.assert(
      fc.property(steps, (all) => {
        const limits = { connections: 5, handshakes: 3, perSource: 2 };
        const admission = createAdmission(limits);
        const inside: { leave(): void }[] = [];
        for (const { source, leaves, greets } of all) {
          const entered = admission.enter(source);
          if (entered !== null) inside.push(entered);
          if (greets) entered?.greeted();
          if (leaves) inside.shift()?.leave();
          const count = admission.count();
          expect(count.connections).equal(inside.length).most(limits.connections);
          expect(count.handshakes).most(limits.handshakes);
        }
        for (const one of inside) one.leave();
        expect(admission.count()).deep.equal({ connections: 0, handshakes: 0, sources: 0 });
      }),
    );
  });

  it('takes an IPv6 network of 64 bits for one source', () => {
    expect(sourceOf('192.0.2.7:4000')).equal('192.0.2.7');
    expect(sourceOf('[2001:db8:1:2:3:4:5:6]:1')).equal('2001:db8:1:2');
    expect(sourceOf('[2001:db8::1]:1')).equal('2001:db8:0:0');
    expect(sourceOf('[::1]:1')).equal('0:0:0:0');
  });
});
