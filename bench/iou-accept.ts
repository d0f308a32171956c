/*
 * How many deliveries a relay takes: sealed envelopes in; unsealed, decoded, verified, decided, stored on the disk, and answered with
 * a sealed Ack. No HTTP. The limit is what libsodium alone takes for the two signatures that each delivery carries.
 */
import { answerSealed } from '../host/http/mount.ts';
import type { Bench } from './bench.ts';
import { rowOf } from './bench.ts';
import { createIssuers, verifyBare, type Delivery } from './iou-issuers.ts';
import { startRelay, type RelayUnderTest } from './iou-net.ts';
import { alternating, perSecond, summed, timed } from './measure.ts';

const unit = 'deliveries/s of a core; limit: their 2 signatures verified';

export const iouAccept: readonly Bench[] = [
  acceptAt(1, 200, [7, 70, 700]),
  acceptAt(100, 1_000, [70, 700, 7_000]),
  acceptAt(1_000, 1_000, [70, 700, 7_000]),
];

/** Deliveries of each link in one round. */
const PASSES = 5;

function acceptAt(concurrency: number, size: number, growth: Bench['growth']): Bench {
  const name = `iou.accept.${concurrency}`;
  return {
    names: [name],
    work: 'links',
    size,
    growth,
    async run(rounds, links) {
      const relay = await startRelay(links);
      const issuers = createIssuers(relay);
      let last: Delivery[] = [];
      const taking = async () => {
        last = issuers.next();
        return timed(() => takeAll(relay, last, concurrency));
      };
      const verifying = () => timed(() => verifyBare(last));
      const { value, limit } = await alternating(
        rounds,
        async () => perSecond(PASSES * links, await summed(PASSES, taking)),
        async () => perSecond(PASSES * links, await summed(PASSES, verifying)),
      );
      await relay.close();
      return [rowOf(name, unit, value, limit)];
    },
  };
}

/** `concurrency` at once, and the next when one is answered. */
async function takeAll(relay: RelayUnderTest, deliveries: readonly Delivery[], concurrency: number): Promise<void> {
  const endpoint = relay.endpoint('/relay/ious');
  let at = 0;
  const work = async (): Promise<void> => {
    for (let one = deliveries[at++]; one !== undefined; one = deliveries[at++]) {
      const answer = await answerSealed(relay.role, endpoint, relay.sealing, one.envelope);
      if (!answer.ok) throw new Error(answer.refusal.code);
      if (one === deliveries.at(-1)) checkTaken(one, answer.value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** Of all answers the last is opened: that costs the holder nothing. */
function checkTaken(delivery: Delivery, answer: Uint8Array): void {
  const content = delivery.open(answer);
  if (content === null || !Buffer.from(content).toString('utf8').startsWith('{"value":{"body":{"creditLeftBytes"'))
    throw new Error('a delivery was not taken');
}
