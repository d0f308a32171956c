import { expect } from 'chai';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';
import { sign } from '../../core/crypto/sign.ts';
import { DELIVERY_CIRCUITS_MAX } from '../../core/limits.ts';
import { iouRefusals, type Iou, type IouDelivery } from '../../core/wire/iou.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { creditOf } from '../../relay/credit/decide.ts';
import { checkDelivery, decideTake, type TakeCase } from '../../relay/iou/decide-take.ts';
import { circuitOf, createNet, genesis, hour, idOf, session, signedIou, totals, type Net } from './net.ts';

const terms = testTerms(0);
const digest = termsDigest(terms);
const issuer = testDescriptor('I');
const me = idOf('H');
const start = terms.parameters.genesis;

/** A good delivery, and what each fault of it is. */
interface Case {
  iou: Iou;
  since: bigint;
  circuits: IouDelivery['circuits'];
  from: string;
  now: number;
  directory: boolean;
  terms: boolean;
  forged: boolean;
  held: Iou | null;
  limitBytes: bigint;
  promisedLimitBytes: bigint;
  counted: TakeCase['counted'];
}

function goodCase(): Case {
  const entry = { circuit: 9, from: 10n, bytes: 30n, hopsLeft: 1, leavesTor: true, closed: false, order: null };
  const held: Iou = {
    ...{ issuer: issuer.body.id, issuerKey: 1, holder: me, interval: 0, terms: digest },
    ...{ serial: 4n, relayBytes: 100n, exitBytes: 100n, issuedAt: start + 50 },
  };
  return {
    iou: { ...held, serial: 5n, relayBytes: 120n, exitBytes: 120n, issuedAt: start + 100 },
    since: 4n,
    circuits: [entry],
    from: issuer.body.id,
    now: start + 100,
    directory: true,
    terms: true,
    forged: false,
    held,
    // 250 used by what is held, 50 more wanted.
    limitBytes: 300n,
    promisedLimitBytes: 0n,
    counted: () => ({ bytes: 10n, hopsLeft: 1, leavesTor: true }),
  };
}

function outcome(given: Case): string {
  const key = testKey('I iou');
  const inner = sign('iou', networkId, given.iou, key);
  const body: IouDelivery = {
    ...{ iou: { body: inner.body, signature: inner.signature }, since: given.since, circuits: given.circuits },
    unattributed: { relayBytes: 0n, exitBytes: 0n },
  };
  const delivery = sign('delivery', networkId, body, given.forged ? testKey('somebody') : key);
  const checked = checkDelivery({
    ...{ networkId, me, from: given.from, now: given.now, delivery },
    ...{ issuer: given.directory ? issuer.body : null, terms: given.terms ? terms : null, digest: given.terms ? digest : null },
  });
  if (!checked.ok) return checked.refusal.code;
  const unpaid = given.held === null ? [] : [{ terms, totals: given.held }];
  const take = decideTake(checked.value, {
    now: given.now,
    held: given.held === null ? null : signedIou('I', given.held),
    credit: creditOf({ startBytes: given.limitBytes, receivedBytes: 0n, unpaid, family: false }),
    promisedLimitBytes: given.promisedLimitBytes,
    counted: given.counted,
  });
  return take.kind === 'refused' ? take.refusal.code : take.kind;
}

/** One fault a refusal, none of which hides behind another that comes later. */
const faults: Record<keyof typeof iouRefusals, (given: Case) => void> = {
  'iou-wrong-holder': (given) => void (given.iou = { ...given.iou, holder: idOf('other') }),
  'iou-wrong-issuer': (given) => void (given.from = idOf('other')),
  'iou-unknown-issuer': (given) => void (given.directory = false),
  'iou-unknown-key': (given) => void (given.iou = { ...given.iou, issuerKey: 2 }),
  'iou-signature': (given) => void (given.forged = true),
  'iou-unknown-terms': (given) => void (given.terms = false),
  'iou-other-terms': (given) => void (given.iou = { ...given.iou, terms: '00'.repeat(32) }),
  'iou-time': (given) => void (given.iou = { ...given.iou, issuedAt: start - 61 }),
  'iou-closed': (given) => void (given.now = start + 6 * hour + 600),
  'iou-conflict': (given) => void (given.held = { ...(given.held as Iou), relayBytes: 121n }),
  'iou-behind': (given) => void (given.since = 3n),
  'iou-growth': (given) => void (given.circuits = given.circuits.map((one) => ({ ...one, bytes: 31n }))),
  'iou-credit': (given) => void (given.limitBytes = 299n),
};

describe('taking a delivery', () => {
  it('refuses one that is wrong in every way by the first fault, and peeled by each next one', () => {
    const order = Object.keys(iouRefusals) as (keyof typeof iouRefusals)[];
    expect(Object.keys(faults)).to.deep.equal(order);
    for (let peeled = 0; peeled < order.length; peeled++) {
      const given = goodCase();
      for (const code of order.slice(peeled)) faults[code](given);
      expect(outcome(given)).to.equal(order[peeled]);
    }
    expect(outcome(goodCase())).to.equal('taken');
  });

  it('refuses each fault alone', () => {
    for (const [code, fault] of Object.entries(faults)) {
      const given = goodCase();
      fault(given);
      expect(outcome(given)).to.equal(code);
    }
  });

  const table: [string, (given: Case) => void, string][] = [
    [
      'the first of an interval',
      (given) => Object.assign(given, { held: null, since: 0n, iou: { ...given.iou, relayBytes: 20n, exitBytes: 20n } }),
      'taken',
    ],
    ['a replay', (given) => void (given.held = given.iou), 'known'],
    ['an older one', (given) => void (given.held = { ...given.iou, serial: 6n, relayBytes: 121n }), 'known'],
    [
      'an older one with higher totals',
      (given) => void (given.held = { ...given.iou, serial: 6n, relayBytes: 119n }),
      'iou-conflict',
    ],
    ['one serial with other content', (given) => void (given.held = { ...given.iou, issuedAt: start + 99 }), 'iou-conflict'],
    ['a gap of serials', (given) => void (given.iou = { ...given.iou, serial: 9n }), 'taken'],
    ['a circuit that the holder forgot', (given) => void (given.counted = () => null), 'taken'],
    [
      'a circuit that goes on in a new interval',
      (given) => void (given.counted = () => ({ bytes: null, hopsLeft: 1, leavesTor: true })),
      'taken',
    ],
    [
      'a count that does not follow',
      (given) => void (given.counted = () => ({ bytes: 11n, hopsLeft: 1, leavesTor: true })),
      'iou-growth',
    ],
    [
      'other hops than before',
      (given) => void (given.counted = () => ({ bytes: 10n, hopsLeft: 2, leavesTor: true })),
      'iou-growth',
    ],
    ['a circuit named twice', (given) => void given.circuits.push({ ...given.circuits[0]!, from: 0n, bytes: 0n }), 'iou-growth'],
    ['a count that falls', (given) => void given.circuits.push({ ...given.circuits[0]!, circuit: 8, bytes: 9n }), 'iou-growth'],
    [
      'credit that an earlier Ack promised',
      (given) => Object.assign(given, { limitBytes: 0n, promisedLimitBytes: 300n }),
      'taken',
    ],
    [
      'a tick without growth beyond the limit',
      (given) => Object.assign(given, { limitBytes: 0n, circuits: [], iou: { ...given.iou, relayBytes: 100n, exitBytes: 100n } }),
      'taken',
    ],
    ['one dated ahead within the skew', (given) => void (given.iou = { ...given.iou, issuedAt: given.now + 60 }), 'taken'],
    ['one dated ahead beyond it', (given) => void (given.iou = { ...given.iou, issuedAt: given.now + 61 }), 'iou-time'],
    ['the last second of grace', (given) => void (given.now = start + 6 * hour + 599), 'taken'],
  ];
  for (const [name, change, expected] of table) {
    it(`${expected}: ${name}`, () => {
      const given = goodCase();
      change(given);
      expect(outcome(given)).to.equal(expected);
    });
  }
});

describe('the holder’s book', () => {
  let net: Net;
  afterEach(() => net.close());

  const deliver = (relayBytes: bigint, serial: bigint, since: bigint, circuits: IouDelivery['circuits'] = []) => {
    const digestNow = net.view.termsDigest(0) as string;
    const body: Iou = {
      ...{ issuer: idOf('G'), issuerKey: 1, holder: idOf('M'), interval: 0, terms: digestNow },
      ...{ serial, relayBytes, exitBytes: 0n, issuedAt: genesis },
    };
    const explained = circuits.reduce((sum, { bytes }) => sum + bytes, 0n);
    const unattributed = { relayBytes: relayBytes - explained, exitBytes: 0n };
    const { iou, ...rest } = { iou: signedIou('G', body), since, circuits, unattributed };
    const signed = sign('delivery', networkId, { iou: { body: iou.body, signature: iou.signature }, ...rest }, testKey('G iou'));
    return net.link('M', '/relay/ious', { body: signed.body, signature: signed.signature }, 'G');
  };

  it('keeps both signatures of a contradiction, and what it held', async () => {
    net = await createNet(['G', 'M', 'X']);
    expect((await deliver(100n, 1n, 0n)).ok).to.equal(true);
    const answer = await deliver(90n, 2n, 1n);
    expect(answer.ok ? 'taken' : answer.refusal.code).to.equal('iou-conflict');
    await deliver(90n, 2n, 1n);
    const kept = await net.database('M').transaction((tx) => tx.all('SELECT held, offered FROM iou_evidence'));
    expect(kept.length).to.equal(1);
    expect(kept[0]?.['held']).to.contain('"relayBytes":"100"');
    expect(kept[0]?.['offered']).to.contain('"relayBytes":"90"');
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['100', '0']);
    const { links } = (await net.local('M', 'GET', '/relay/links')) as { links: { conflicts: number }[] };
    expect(links.map((one) => one.conflicts)).to.deep.equal([1]);
  });

  it('answers a replay as before and takes deliveries that arrive together', async () => {
    net = await createNet(['G', 'M', 'X']);
    const answers = await Promise.all([deliver(100n, 1n, 0n), deliver(100n, 1n, 0n), deliver(100n, 1n, 0n)]);
    expect(answers.every((one) => one.ok)).to.equal(true);
    expect(answers[1]).to.deep.equal(answers[0]);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['100', '0']);
  });

  it('takes so many circuits as one delivery may name, and not one more', async () => {
    net = await createNet(['G', 'M', 'X']);
    const circuits = (count: number): IouDelivery['circuits'] =>
      Array.from({ length: count }, (_, index) => ({
        ...{ circuit: index + 1, from: 0n, bytes: 1n, hopsLeft: 0, leavesTor: false, closed: false, order: null },
      }));
    const most = BigInt(DELIVERY_CIRCUITS_MAX);
    const answer = await deliver(most + 1n, 1n, 0n, circuits(DELIVERY_CIRCUITS_MAX + 1));
    expect(answer.ok ? 'taken' : answer.refusal.code).to.equal('bad-shape');
    expect(await totals(net, 'M', 'held', 'G')).to.equal(null);
    expect((await deliver(most, 1n, 0n, circuits(DELIVERY_CIRCUITS_MAX))).ok).to.equal(true);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal([String(most), '0']);
  });

  it('answers only an issuer about its own', async () => {
    net = await createNet(['G', 'M', 'X']);
    const query = { issuer: idOf('G'), holder: idOf('M'), interval: 0 };
    expect((await net.link('M', '/relay/acks', query, 'G')).ok).to.equal(true);
    const answer = await net.link('M', '/relay/acks', query, 'X');
    expect(answer.ok ? 'told' : answer.refusal.code).to.equal('iou-wrong-issuer');
  });

  it('calls again in grace when a neighbour was away at the cut-off', async () => {
    net = await createNet(['G', 'M', 'X']);
    await net.local('G', 'POST', '/relay/session-open', session('c1'));
    const circuit = circuitOf(net, ['G', 'M', 'X'], 'c1', [1, 11, 21]);
    circuit.carry(20n);
    await net.until(genesis + 3 * hour);
    net.down.add('M').add('X');
    circuit.carry(50n);
    await net.until(genesis + 6 * hour + 30);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['20', '20']);
    net.down.delete('M');
    await net.until(genesis + 6 * hour + 60);
    expect(await totals(net, 'M', 'held', 'G')).to.deep.equal(['50', '50']);
    net.down.delete('X');
    await net.until(genesis + 6 * hour + 90);
    expect(await totals(net, 'X', 'held', 'M')).to.deep.equal(['0', '50']);
    // The running interval waits for its own tick.
    expect(await totals(net, 'X', 'held', 'M', 1)).to.equal(null);
    await net.until(genesis + 7 * hour);
    expect(await totals(net, 'X', 'held', 'M', 1)).to.deep.equal(['0', '0']);
  });
});
