/*
 * Failures of the peers that are about certificates: what a relay passes on, signs twice, signs for another place or time, or cannot
 * deliver. Numbers are those of the collection of failures that docs/claims.md names; each runs at running relay roles.
 */
import { expect } from 'chai';
import { sign } from '../../core/crypto/sign.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Iou, IouDelivery } from '../../core/wire/iou.ts';
import { termsDigest } from '../../core/wire/terms.ts';
import { checkDelivery } from '../../relay/iou/decide-take.ts';
import { networkId, testDescriptor, testKey, testTerms } from '../harness/view.ts';
import { circuitOf, createNet, genesis, hour, idOf, session, totals, type Net } from '../relay/net.ts';

const interval = 6 * hour;
const path = ['G', 'M', 'X'] as const;
const entry = { circuit: 21, from: 0n, bytes: 1000n, hopsLeft: 0, leavesTor: true, closed: false, order: null };

/** A delivery from M to X for 1000 bytes of the last hop, but for the changes, as whoever has M's key signs it. */
function forged(digest: string, changes: Partial<Iou> = {}, of: Partial<IouDelivery> = {}, network = networkId) {
  const body: Iou = {
    ...{ issuer: idOf('M'), issuerKey: 1, holder: idOf('X'), interval: 0, terms: digest, serial: 1n },
    ...{ relayBytes: 0n, exitBytes: 1000n, issuedAt: genesis },
    ...changes,
  };
  const iou = sign('iou', network, body, testKey('M iou'));
  const unattributed = { relayBytes: 0n, exitBytes: 0n };
  const whole = { iou: { body: iou.body, signature: iou.signature }, since: 0n, circuits: [entry], unattributed, ...of };
  const delivery = sign('delivery', network, whole, testKey('M iou'));
  return { body: delivery.body, signature: delivery.signature };
}

describe('peers: certificates', () => {
  let net: Net;
  afterEach(() => net.close());

  const deliver = async (...given: Parameters<typeof forged>) => {
    const answer = await net.link('X', '/relay/ious', forged(...given), 'M');
    return answer.ok ? 'taken' : answer.refusal.code;
  };
  const digest = () => net.view.termsDigest(0) as string;
  const open = (connection: string) => net.local('G', 'POST', '/relay/session-open', session(connection));

  it('peers 01: a relay forwards a smaller IOU than its price justifies: refused by its sum, or counted and told', async () => {
    net = await createNet(path);
    expect(await deliver(digest(), { exitBytes: 999n })).equal('iou-growth');
    expect(await deliver(digest(), { exitBytes: 0n })).equal('iou-growth');
    // Its sum right, and less than was carried: M tells X of 1000 of 9000 bytes.
    await open('c1');
    circuitOf(net, path, 'c1', [1, 11, 21]).carryAt('X', 9000n);
    expect(await deliver(digest())).equal('taken');
    for (let tick = 1; tick <= 3; tick++) {
      await net.until(genesis + tick * hour);
      // All of one date: that of a delivery is its issuer's word.
      const next = { serial: BigInt(tick) + 1n };
      expect(await deliver(digest(), next, { since: BigInt(tick), circuits: [] })).equal('taken');
    }
    const { links } = (await net.local('X', 'GET', '/relay/links')) as { links: { nickname: string }[] };
    const shown = links.find((one) => one.nickname === 'M');
    expect(shown).deep.include({ underCertifiedBytes: '8000', underCertified: true });
    expect(net.logged.filter((one) => one.at === 'X').map((one) => one.event)).include('under-certified');
  });

  it('peers 02: one circuit id and one serial used twice: both circuits are owed, both signatures are kept', async () => {
    net = await createNet(path);
    await open('c1');
    circuitOf(net, path, 'c1', [1, 11, 21]).carry(700n, true);
    await net.until(genesis + hour);
    circuitOf(net, path, 'c1', [1, 11, 21]).carry(300n, true);
    await net.until(genesis + 3 * hour);
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['1000', '1000']);
    expect(await totals(net, 'X', 'held', 'M')).deep.equal(['0', '1000']);
    const { ious } = (await net.local('X', 'GET', '/relay/ious', { interval: '0' })) as { ious: { serial: string }[] };
    const serial = BigInt(ious[0]!.serial);
    expect(await deliver(digest(), { serial, exitBytes: 5n })).equal('iou-conflict');
    expect(await deliver(digest(), { serial: serial + 1n, exitBytes: 5n })).equal('iou-conflict');
    expect(await totals(net, 'X', 'held', 'M')).deep.equal(['0', '1000']);
    const kept = await net.database('X').transaction((tx) => tx.all('SELECT held, offered FROM iou_evidence'));
    expect(kept.length).equal(2);
    // A session's name pays for one connection alone.
    expect(await net.local('G', 'POST', '/relay/session-open', { ...session('c1'), connection: 'c2' })).equal('order-conflict');
  });

  it('peers 04: an IOU of another network, interval or object is none', async () => {
    net = await createNet(path);
    await net.until(genesis + interval + 60);
    expect(await deliver(digest(), {}, {}, 'other-network')).equal('iou-signature');
    // The same bytes one interval on: its terms are not those.
    expect(await deliver(digest(), { interval: 1, issuedAt: net.clock.now() })).equal('iou-other-terms');
    const other = termsDigest({ ...testTerms(0), networkId: 'other-network' });
    expect(await deliver(other)).equal('iou-other-terms');
    const good = forged(digest());
    const asOther = sign('statement', networkId, good.body, testKey('M iou'));
    const answer = await net.link('X', '/relay/ious', { body: asOther.body, signature: asOther.signature }, 'M');
    expect(answer.ok ? 'taken' : answer.refusal.code).equal('iou-signature');
    expect(await deliver(digest())).equal('taken');
  });

  it('peers 05: unsettled IOUs fill the credit line: traffic goes on, unbilled, and both sides see why', async () => {
    net = await createNet(path, { parameters: { creditStartBytes: 1000n } });
    await open('c1');
    const circuit = circuitOf(net, path, 'c1', [1, 11, 21]);
    circuit.carry(360n);
    await net.until(genesis + hour);
    const shown = async (at: string, what: 'lent' | 'borrowed', peer: string) => {
      const { links } = (await net.local(at, 'GET', '/relay/links')) as { links: Record<string, never>[] };
      return links.find((one) => one['nickname'] === peer)?.[what] as unknown as { warning: boolean; leftBytes: string };
    };
    expect([(await shown('M', 'lent', 'G')).warning, (await shown('G', 'borrowed', 'M')).warning]).deep.equal([true, true]);
    circuit.carry(50_000n);
    await net.until(genesis + 3 * hour);
    // Neither the session nor the link has ended; what is beyond is owed by nobody.
    expect(await net.local('G', 'POST', '/relay/session-known', { session: session('c1').session })).deep.equal({ done: true });
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['400', '400']);
    expect(await shown('M', 'lent', 'G')).include({ leftBytes: '0' });
    // Paid, the line is open again.
    await net.local('M', 'POST', '/relay/outcome', {
      peer: idOf('G'),
      interval: 0,
      outcome: 'paid',
      rail: 'ledger',
      received: '1000',
    });
    await net.until(genesis + 4 * hour);
    circuitOf(net, path, 'c1', [2, 12, 22]).carry(100n);
    await net.until(genesis + 6 * hour - 1);
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['500', '500']);
  });

  it('peers 10: a circuit that dies is owed all the same, wherever it dies', async () => {
    net = await createNet(path);
    await open('c1');
    const circuit = circuitOf(net, path, 'c1', [1, 11, 21]);
    circuit.carry(400n);
    await net.until(genesis + hour);
    // The exit is gone with its memory; then the client, its session, and the circuit.
    circuit.carry(900n);
    await net.crash('X');
    circuit.carryAt('G', 950n, true);
    circuit.carryAt('M', 950n, true);
    await net.local('G', 'POST', '/relay/session-close', { session: session('c1').session });
    await net.until(genesis + 3 * hour);
    await net.begin('X');
    await net.until(genesis + interval + 600);
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['950', '950']);
    expect(await totals(net, 'X', 'held', 'M')).deep.equal(['0', '950']);
  });

  it('peers 11: a far end outside the scheme takes nothing from those before it, nor owes one behind it', async () => {
    net = await createNet(path, { unknown: ['X'] });
    await open('c1');
    circuitOf(net, path, 'c1', [1, 11, 21]).carry(800n, true);
    await net.until(genesis + 2 * hour);
    expect(await totals(net, 'M', 'held', 'G')).deep.equal(['800', '800']);
    expect(await totals(net, 'M', 'issued', 'X')).equal(null);
    const { links } = (await net.local('M', 'GET', '/relay/links')) as { links: { peer: string; billed: boolean }[] };
    expect(links.find((one) => one.peer === idOf('X'))?.billed).equal(false);
    expect(await net.local('M', 'GET', '/relay/status')).include({ unbilled: 1 });
    // Circuits that come from outside pass, and nobody owes for them.
    circuitOf(net, ['X', 'M', 'G'], 'c7', [7, 17, 27]).carryAt('M', 600n, true);
    await net.until(genesis + interval + 600);
    expect(await totals(net, 'M', 'issued', 'G')).equal(null);
  });

  it('peers 12: two keys of one owner sign fake traffic for each other: it raises no credit with anybody else', async () => {
    net = await createNet(['M', 'X', 'H'], { parameters: { creditStartBytes: 1000n } });
    const unattributed = { relayBytes: 0n, exitBytes: 600n };
    expect(await deliver(digest(), { exitBytes: 600n }, { circuits: [], unattributed })).equal('taken');
    // As much as they like, by the word of one of them: a payment between them counts between them.
    const paid = { peer: idOf('M'), interval: 0, outcome: 'paid', rail: 'ledger', received: '9000000000' };
    expect(await net.local('X', 'POST', '/relay/outcome', paid)).deep.equal({ done: true });
    const left = async (at: string, issuer: string) => {
      const query = { issuer: idOf(issuer), holder: idOf(at), interval: 0 };
      const answer = await net.link(at, '/relay/acks', query, issuer);
      return answer.ok ? (answer.value as { body: { creditLeftBytes: bigint } }).body.creditLeftBytes : answer.refusal.code;
    };
    expect(BigInt(await left('X', 'M')) > 1000n).equal(true);
    expect([await left('H', 'M'), await left('H', 'X')]).deep.equal([1000n, 1000n]);
  });

  it('peers 17: dates around the settlement time: every combination of interval, date and arrival', async () => {
    net = await createNet(path);
    const { cutOff, booksClose } = scheduleOf(net.view.terms(0)!.parameters, 0);
    const skew = net.view.terms(0)!.parameters.skewSec;
    const day = 24 * hour;
    const instants = [
      cutOff - day,
      cutOff - skew - 1,
      cutOff - skew,
      cutOff - 1,
      cutOff,
      cutOff + 1,
      cutOff + skew,
      cutOff + skew + 1,
    ];
    const arrivals = [...instants, booksClose - 1, booksClose, booksClose + 1, cutOff + day];
    let seen = 0;
    for (const of of [0, 1]) {
      for (const issuedAt of instants) {
        for (const now of arrivals) {
          const terms = testTerms(of, net.view.terms(0)!.parameters);
          const { start, cutOff: end, booksClose: closes } = scheduleOf(terms.parameters, of);
          const timely = issuedAt >= start - skew && issuedAt <= end + skew && issuedAt <= now + skew;
          const expected = !timely ? 'iou-time' : now >= closes ? 'iou-closed' : 'taken';
          const checked = checkDelivery({
            ...{ networkId, me: idOf('X'), from: idOf('M'), now, issuer: testDescriptor('M').body, terms },
            delivery: forged(termsDigest(terms), { interval: of, issuedAt }),
            digest: termsDigest(terms),
          });
          const place = `interval ${of}, dated ${issuedAt - cutOff}, come ${now - cutOff}`;
          expect(checked.ok ? 'taken' : checked.refusal.code, place).equal(expected);
          seen += 1;
        }
      }
    }
    expect(seen).equal(2 * 8 * 12);
  });
});
