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
import type { CreditFlow, Lending } from '../credit/flow.ts';
import type { OwnKeys } from '../keys.ts';
import type { CellWatch } from '../link/cells.ts';
import type { WarnOfLess } from '../link/compared.ts';
import { makeAck } from './ack.ts';
import { checkDelivery, decideTake, type CheckedDelivery, type Take } from './decide-take.ts';
import { bookOf, createHeld, heldIn, takeInto, type Book } from './held.ts';
import { alarmIn, readHeldOf, saveEvidence, saveIous } from './store.ts';

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
  readonly cells: CellWatch;
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
  readonly offered: Verified<Iou>;
  readonly credit: Credit;
}

/** So many rows are read and written in one statement. */
const BATCH_MAX = 256;
const refuse = refuser(iouRefusals);

export function createTaker(parts: TakerParts): Taker {
  const { ports, me, keys, circuits, credit, passOn } = parts;
  const { clock, database, network, log } = ports;
  const networkId = network.network.networkId;
  const queue: Waiting[] = [];
  /** The limit that each issuer was last told of: it may have signed up to it already. */
  const promised = new Map<string, bigint>();
  const kept = createHeld(alarmIn(log));
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
        const decided = await database.transaction((tx) =>
          decideAll(
            tx,
            batch.map((one) => one.checked),
          ),
        );
        batch.forEach((one, index) => conclude(one, decided[index] as Decided));
      } catch (thrown) {
        for (const one of batch) one.fail(thrown);
      }
    }
    working = false;
  }

  /** One after the other, each by what the ones before it have left. */
  async function decideAll(tx: Tx, batch: readonly CheckedDelivery[]): Promise<Decided[]> {
    const issuers = [...new Set(batch.map(({ iou }) => iou.body.issuer))];
    const rows = await readHeldOf(tx, issuers);
    const book = bookOf(kept, rows);
    const lending = await credit.lend(tx, issuers, rows);
    const decided: Decided[] = [];
    for (const checked of batch) decided.push(decide(checked, book, lending));
    for (const { take, held, offered } of decided)
      if (take.kind === 'refused' && take.evidence && held !== null) await saveEvidence(tx, held, offered, clock.now());
    await saveIous(tx, 'held', [...book.taken.values()]);
    return decided;
  }

  function decide(checked: CheckedDelivery, book: Book, lending: Lending): Decided {
    const { issuer, interval } = checked.iou.body;
    const held = heldIn(book, issuer, interval);
    const before = credit.of(lending, issuer, checked.terms);
    const take = decideTake(checked, {
      now: clock.now(),
      held,
      credit: before,
      promisedLimitBytes: promised.get(issuer) ?? 0n,
      counted: (entry) => circuits.counted(issuer, entry, interval),
    });
    if (take.kind !== 'taken') return { take, held, offered: checked.iou, credit: before };
    takeInto(book, take.iou);
    credit.take(lending, take.iou.body);
    return { take, held: take.iou, offered: checked.iou, credit: credit.of(lending, issuer, checked.terms) };
  }

  /** After the commit. */
  function conclude(one: Waiting, { take, held, credit: left }: Decided): void {
    const { issuer, interval } = one.checked.iou.body;
    if (take.kind === 'refused') {
      log.warn('iou-refused', { relay: issuer, interval, code: take.refusal.code });
      return one.answer({ ok: false, refusal: take.refusal });
    }
    if (take.kind === 'taken') {
      circuits.certify(takenOf(one.checked, left, clock.now()));
      const { parameters } = one.checked.terms;
      parts.cells.certify(issuer, interval, one.checked.delivery.body.circuits, parameters.startingBytes);
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
      const [held, left] = await database.transaction(async (tx) => {
        const rows = await readHeldOf(tx, [issuer]);
        const lending = await credit.lend(tx, [issuer], rows);
        return [heldIn(bookOf(kept, rows), issuer, interval), credit.of(lending, issuer, terms)] as const;
      });
      return ok(acknowledge(issuer, interval, held, left));
    },
    busy: () => working,
    stop: () => current,
  };
}

function takenOf({ iou, delivery, terms }: CheckedDelivery, left: Credit, now: number): Taken {
  const { issuer, interval } = iou.body;
  // By the own clock: by the issuer's date, one that dates all of an interval alike would owe nothing before its end.
  const tick = Math.floor((now - scheduleOf(terms.parameters, interval).start) / terms.parameters.iouTickSec);
  // No byte of the dearest circuit fits any more.
  const isCreditSpent = left.leftBytes < creditUnits(terms, linkTraffic(1n, HOPS_MAX, true));
  return { issuer, interval, tick, isCreditSpent, entries: delivery.body.circuits };
}
