/*
 * How many IOUs a relay issues on a tick: circuits that moved on every link in; running totals raised, signed, stored, put into a signed
 * delivery and sealed, out. Nothing is sent: the clock stops at the last seal. The limit is libsodium signing the same two messages.
 */
import sodium from 'sodium-native';
import { sign, signedBytes, type Signed } from '../core/crypto/sign.ts';
import { ok } from '../core/refusal.ts';
import { encode } from '../core/wire/codec.ts';
import type { Ack, AckQuery, IouDelivery } from '../core/wire/iou.ts';
import type { HttpClient, LinkCall } from '../host/ports.ts';
import { sealLinkRequest } from '../host/seal.ts';
import type { Bench } from './bench.ts';
import { rowOf } from './bench.ts';
import { genesis, networkId, parameters, startRelay, type Party, type RelayUnderTest } from './iou-net.ts';
import { alternating, perSecond, timed } from './measure.ts';

const STEP = 1_000n;
const CONNECTION = 'c';

export const iouIssue: Bench = {
  names: ['iou.issue'],
  work: 'links, an IOU each',
  size: 2_000,
  growth: [70, 700, 7_000],
  async run(rounds, links) {
    const post = createPost();
    const relay = await startRelay(links, post.http);
    post.begin(relay);
    await openSession(relay);
    const bytes = { sent: 0n };
    let signed: Signed<IouDelivery>[] = [];
    const { value, limit } = await alternating(
      rounds,
      async () => {
        bytes.sent += STEP;
        readAll(relay, bytes.sent);
        const took = await timed(async () => {
          nextTick(relay);
          signed = await post.sealed(links);
        });
        // Each is acknowledged, outside of what is measured: the next one goes on from there.
        await acknowledgeAll(relay, post);
        return perSecond(links, took);
      },
      async () => perSecond(signed.length, await timedSigning(relay.me, signed)),
    );
    await relay.close();
    return [rowOf('iou.issue', 'IOUs/s of a core; limit: their 2 signatures made', value, limit)];
  },
};

async function openSession(relay: RelayUnderTest): Promise<void> {
  const session = { session: '00'.repeat(16), connection: CONNECTION, hops: 3, leavesTor: true };
  await relay.endpoint('/relay/session-open').answer(session as never, { kind: 'local' });
}

/** A circuit a link, that a subscriber of this relay pays: read as the guard's own. */
function readAll(relay: RelayUnderTest, bytes: bigint): void {
  for (const [at, { id }] of relay.neighbours.entries()) {
    const previous = { relay: null, connection: CONNECTION, circuit: at + 1 };
    relay.read({ previous, next: { relay: id, circuit: at + 1 }, bytes, closed: false });
  }
}

function nextTick(relay: RelayUnderTest): void {
  const { iouTickSec } = parameters;
  const ticks = Math.floor((relay.clock.now() - genesis) / iouTickSec);
  relay.clock.advance(genesis + (ticks + 1) * iouTickSec);
}

async function acknowledgeAll(relay: RelayUnderTest, post: Post): Promise<void> {
  await relay.settle();
  post.isAnswering = true;
  // What was not acknowledged is delivered again at the next tick.
  nextTick(relay);
  await relay.settle();
  post.isAnswering = false;
}

interface Post {
  readonly http: Partial<HttpClient>;
  /** While it does not, what is sent is sealed and goes nowhere. */
  isAnswering: boolean;
  begin(relay: RelayUnderTest): void;
  /** Once so many deliveries have been sealed since the last time. */
  sealed(count: number): Promise<Signed<IouDelivery>[]>;
}

function createPost(): Post {
  let relay: RelayUnderTest | null = null;
  let parties = new Map<string, Party>();
  let seen: Signed<IouDelivery>[] = [];
  let check: () => void = () => undefined;

  function sealOf({ tag, body, from, key, to, toKey }: LinkCall): void {
    const content = Buffer.from(encode(body), 'utf8');
    const sealed = sealLinkRequest({ networkId, tag, from, to }, key, toKey, content, (relay as RelayUnderTest).sealing.entropy);
    if (!sealed.ok) throw new Error(sealed.refusal.code);
  }

  const post: Post = {
    isAnswering: false,
    http: {
      async link(call) {
        const holder = parties.get(call.to) as Party;
        if (call.tag === 'ack-query') return ok(ackOf(holder, call.body as AckQuery, null)) as never;
        const delivery = call.body as Signed<IouDelivery>;
        if (post.isAnswering) return ok(ackOf(holder, delivery.body.iou.body, delivery.body.iou)) as never;
        sealOf(call);
        seen.push(delivery);
        check();
        return { ok: false, refusal: { code: 'unreachable', about: '', retry: true, text: '', remedy: '' } };
      },
    },
    begin(started) {
      relay = started;
      parties = new Map(started.neighbours.map((party) => [party.id, party]));
    },
    sealed: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (seen.length < count) return;
          resolve(seen);
          seen = [];
          check = () => undefined;
        };
        check();
      }),
  };
  return post;
}

function ackOf(holder: Party, { issuer, interval }: Pick<Ack, 'issuer' | 'interval'>, held: Ack['held']): Signed<Ack> {
  const body: Ack = { holder: holder.id, holderKey: 1, issuer, interval, held, creditLeftBytes: 2n ** 59n };
  return sign('ack', networkId, body, holder.iou);
}

function timedSigning(me: Party, deliveries: readonly Signed<IouDelivery>[]) {
  const messages = deliveries.flatMap(({ body }) => [
    Buffer.from(signedBytes('iou', networkId, body.iou.body)),
    Buffer.from(signedBytes('delivery', networkId, body)),
  ]);
  const signature = Buffer.alloc(64);
  return timed(() => {
    for (const message of messages) sodium.crypto_sign_detached(signature, message, me.iou.secretKey);
  });
}
