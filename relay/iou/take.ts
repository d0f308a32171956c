/*
 * IOUs in. What arrives together is checked and saved in one transaction and answered after it; then the circuits that it
 * certifies are known, and in grace passed on at once. Also answers what is held to an issuer that asks. Called by http.ts.
 *
 *   link ─→ signature, terms, time ─→ queue ─→ one transaction: held, growth, credit ─→ saved ─→ circuits ─→ Ack
 */
import type { Signed, Verified } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { linkTraffic } from '../../core/rule/chain.ts';
import { scheduleOf } from '../../core/rule/interval.ts';
import { HOPS_MAX } from '../../core/limits.ts';
import { iouRefusals, type Ack, type AckQuery, type Iou, type IouDelivery } from '../../core/wire/iou.ts';
import type { Ports, Tx } from '../../host/ports.ts';
import type { Circuits, Taken } from '../circuit/table.ts';
import { creditUnits, type Credit } from '../credit/decide.ts';
import type { CreditFlow } from '../credit/flow.ts';
import type { OwnKeys } from '../keys.ts';
import type { WarnOfLess } from '../link/compared.ts';
import { makeAck } from './ack.ts';
import { checkDelivery, decideTake, type CheckedDelivery, type Take } from './decide-take.ts';
import { readIou, saveEvidence, saveIou } from './store.ts';

export interface Taker {
  take(delivery: Signed<IouDelivery>, from: string): Promise<Result<Signed<Ack>>>;
  ask(query: AckQuery, from: string): Promise<Result<Signed<Ack>>>;
  busy(): boolean;
  /** Waits for the batch at work. */
  stop(): Promise<void>;
}

export interface TakerParts {
  readonly ports: Pick<Ports, 'clock' | 'database' | 'log' | 'network'>;
  readonly me: string;
  readonly keys: OwnKeys;
  readonly circuits: Circuits;
  readonly credit: CreditFlow;
  passOn(interval: number): void;
  readonly warnOfLess: WarnOfLess;
}

interface Waiting {
  readonly checked: CheckedDelivery;
  answer(result: Result<Signed<Ack>>): void;
  fail(thrown: unknown): void;
}

/** What the transaction decided of one delivery. */
interface Decided {
  readonly take: Take;
  readonly held: Verified<Iou> | null;
  readonly credit: Credit;
}

const BATCH_MAX = 200;
const refuse = refuser(iouRefusals);

export function createTaker(parts: TakerParts): Taker {
  const { ports, me, keys, circuits, credit, passOn } = parts;
  const { clock, database, network, log } = ports;
  const networkId = network.network.networkId;
  const queue: Waiting[] = [];
  /** The limit that each issuer was last told of: it may have signed up to it already. */
  const promised = new Map<string, bigint>();
  let working = false;
  let current: Promise<void> = Promise.resolve();

  /** After this turn: what arrives together is one batch. */
  function begin(): void {
    if (working) return;
    working = true;
    current = Promise.resolve().then(work);
  }

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH_MAX);
      try {
        const decided = await database.transaction((tx) => inTurnOf(batch, (one) => decide(tx, one.checked)));
        batch.forEach((one, index) => conclude(one, decided[index] as Decided));
      } catch (thrown) {
        for (const one of batch) one.fail(thrown);
      }
    }
    working = false;
  }

  async function decide(tx: Tx, checked: CheckedDelivery): Promise<Decided> {
    const { issuer, interval } = checked.iou.body;
    const held = await readIou(tx, 'held', interval, issuer);
    const before = await credit.of(tx, issuer, checked.terms);
    const take = decideTake(checked, {
      now: clock.now(),
      held,
      credit: before,
      promisedLimitBytes: promised.get(issuer) ?? 0n,
      counted: (entry) => circuits.counted(issuer, entry, interval),
    });
    if (take.kind === 'refused' && take.evidence && held !== null) await saveEvidence(tx, held, checked.iou, clock.now());
    if (take.kind !== 'taken') return { take, held, credit: before };
    await saveIou(tx, 'held', take.iou);
    return { take, held: take.iou, credit: await credit.of(tx, issuer, checked.terms) };
  }

  /** After the commit. */
  function conclude(one: Waiting, { take, held, credit: left }: Decided): void {
    const { issuer, interval } = one.checked.iou.body;
    if (take.kind === 'refused') {
      log.warn('iou-refused', { relay: issuer, interval, code: take.refusal.code });
      return one.answer({ ok: false, refusal: take.refusal });
    }
    if (take.kind === 'taken') {
      circuits.certify(takenOf(one.checked, left));
      parts.warnOfLess(issuer, interval, circuits.compared(issuer, interval));
      // The interval is over: there may be no tick left that would pass it on.
      if (clock.now() >= scheduleOf(one.checked.terms.parameters, interval).cutOff) passOn(interval);
      if (left.warning) log.warn('credit-warning', { relay: issuer, interval });
    }
    one.answer(ok(acknowledge(issuer, interval, held, left)));
  }

  function acknowledge(issuer: string, interval: number, held: Verified<Iou> | null, left: Credit): Signed<Ack> {
    promised.set(issuer, left.limitBytes);
    return makeAck(networkId, keys, { holder: me, issuer, interval, held, creditLeftBytes: left.leftBytes });
  }

  return {
    take(delivery, from) {
      const { issuer, interval } = delivery.body.iou.body;
      const checked = checkDelivery({
        networkId,
        me,
        from,
        now: clock.now(),
        delivery,
        issuer: network.descriptor(issuer)?.body ?? null,
        terms: network.terms(interval),
        digest: network.termsDigest(interval),
      });
      if (!checked.ok) {
        log.warn('iou-refused', { relay: from, interval, code: checked.refusal.code });
        return Promise.resolve(checked);
      }
      return new Promise((answer, fail) => {
        queue.push({ checked: checked.value, answer, fail });
        begin();
      });
    },
    async ask({ issuer, holder, interval }, from) {
      if (holder !== me) return refuse('iou-wrong-holder', holder);
      if (issuer !== from || issuer === me) return refuse('iou-wrong-issuer', issuer);
      const terms = network.terms(interval);
      if (terms === null) return refuse('iou-unknown-terms', `interval ${interval}`);
      const [held, left] = await database.transaction(
        async (tx) => [await readIou(tx, 'held', interval, issuer), await credit.of(tx, issuer, terms)] as const,
      );
      return ok(acknowledge(issuer, interval, held, left));
    },
    busy: () => working,
    stop: () => current,
  };
}

function takenOf({ iou, delivery, terms }: CheckedDelivery, left: Credit): Taken {
  const { issuer, interval, issuedAt } = iou.body;
  const tick = Math.floor((issuedAt - scheduleOf(terms.parameters, interval).start) / terms.parameters.iouTickSec);
  // No byte of the dearest circuit fits any more.
  const isCreditSpent = left.leftBytes < creditUnits(terms, linkTraffic(1n, HOPS_MAX, true));
  return { issuer, interval, tick, isCreditSpent, entries: delivery.body.circuits };
}

async function inTurnOf<T, R>(items: readonly T[], step: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await step(item));
  return results;
}
