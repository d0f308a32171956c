/*
 * The calls on one link, one after the other: ask the holder what it holds, deliver what is on its way, then issue what waited
 * meanwhile. Stops at the first call that fails; the next tick calls again. Called by iou/issue.ts.
 *
 *   not asked ─→ ask ─→ (holder behind: re-deliver; ahead: its IOU is the floor) ─→ deliver ─→ acknowledged ─→ issue ─→ deliver …
 */
import { sign, signedSchema, type Signed } from '../../core/crypto/sign.ts';
import { invariant, type Result } from '../../core/refusal.ts';
import { ack, totalsOf, type Ack, type AckQuery } from '../../core/wire/iou.ts';
import type { Ports } from '../../host/ports.ts';
import type { Circuits } from '../circuit/table.ts';
import { creditUnits } from '../credit/decide.ts';
import type { OwnKeys } from '../keys.ts';
import type { Tasks } from '../tasks.ts';
import { errorText } from '../../host/log.ts';
import { addressOf, type Neighbours } from '../link/neighbours.ts';
import { intervalNow, periodOf } from '../period.ts';
import { checkAck, type CheckedAck } from './ack.ts';
import { deliveryOf } from './decide-issue.ts';
import type { Link, Links } from './links.ts';
import { saveIou } from './store.ts';

export interface IssuerParts {
  readonly ports: Pick<Ports, 'clock' | 'database' | 'http' | 'log' | 'network'>;
  readonly me: string;
  readonly keys: OwnKeys;
  readonly circuits: Circuits;
  readonly links: Links;
  readonly neighbours: Neighbours;
  readonly tasks: Tasks;
  /** A neighbour did not answer for an interval that is over: called again before its books close. */
  retryInGrace(interval: number): void;
  /** Circuits turned free: their subscribers are not charged (rule 6). */
  turnedFree(): void;
}

export interface Courier {
  call(link: Link): void;
}

/** Connections at once; a large relay has thousands of neighbours. */
const CALLS_MAX = 64;
const signedAck = signedSchema(ack);

export function createCourier(parts: IssuerParts, issueNext: (link: Link) => Promise<void>): Courier {
  const { ports, me, keys, circuits, neighbours, tasks } = parts;
  const { clock, network, log } = ports;
  const networkId = network.network.networkId;
  const queue: Link[] = [];
  let active = 0;

  async function work(): Promise<void> {
    active++;
    for (let link = queue.shift(); link !== undefined; link = queue.shift()) {
      try {
        await callAll(link);
      } catch (thrown) {
        log.error('link-failed', { relay: link.holder, interval: link.interval, error: errorText(thrown) });
      } finally {
        link.calling = false;
      }
      if (isOver(link) && (link.outstanding !== null || !link.asked)) parts.retryInGrace(link.interval);
    }
    active--;
  }

  async function callAll(link: Link): Promise<void> {
    // A holder that contradicts itself is asked once a call; then the next tick tries again.
    let asks = 0;
    while (isOpen(link)) {
      if (!link.asked) {
        if (asks++ > 1 || !(await ask(link))) return;
      } else if (link.outstanding !== null) {
        if (!(await deliver(link))) return;
      } else if (link.waiting) {
        await issueNext(link);
        if (link.outstanding === null) return;
      } else return;
    }
  }

  /** Its interval has ended, and there may be no tick left before its books close. */
  function isOver(link: Link): boolean {
    return isOpen(link) && clock.now() >= (periodOf(network, link.interval)?.schedule.cutOff ?? Infinity);
  }

  function isOpen(link: Link): boolean {
    const period = periodOf(network, link.interval);
    return period !== null && clock.now() < period.schedule.booksClose;
  }

  async function ask(link: Link): Promise<boolean> {
    const query: AckQuery = { issuer: me, holder: link.holder, interval: link.interval };
    const answer = await post(link, '/relay/acks', 'ack-query', query);
    if (answer === null) return false;
    await continueFrom(link, answer);
    link.asked = true;
    return true;
  }

  /** The higher of our own signature and what the holder holds is the floor; growth starts from there. */
  async function continueFrom(link: Link, { held }: CheckedAck): Promise<void> {
    const heldSerial = held?.body.serial ?? 0n;
    const before = link.held?.serial ?? 0n;
    link.held = held?.body ?? null;
    if (held !== null && heldSerial > (link.signed?.body.serial ?? 0n)) {
      await ports.database.transaction((tx) => saveIou(tx, 'issued', held));
      link.signed = held;
      link.outstanding = null;
      log.warn('iou-floor-raised', { relay: link.holder, interval: link.interval });
    } else if (link.signed !== null && heldSerial === link.signed.body.serial) {
      finish(link);
    } else if (link.signed !== null && (link.outstanding === null || heldSerial !== before)) {
      // Circuits that no longer fit between the two are not named: their growth is owed, and marked, all the same.
      const { circuits: named } = deliveryOf(link.signed, link.held, link.outstanding?.circuits ?? []);
      link.outstanding = { circuits: named, marks: link.outstanding?.marks ?? [], units: unitsBetween(link) };
    }
  }

  async function deliver(link: Link): Promise<boolean> {
    const { signed, outstanding } = link;
    invariant(signed !== null && outstanding !== null, 'what is delivered was signed');
    const key = keys.numbered(signed.body.issuerKey);
    invariant(key !== null, 'the key that signed is kept while its interval is open');
    const delivery = sign('delivery', networkId, deliveryOf(signed, link.held, outstanding.circuits), key.iou);
    const answer = await post(link, '/relay/ious', 'delivery', { body: delivery.body, signature: delivery.signature });
    if (answer === null) return !link.asked;
    if (answer.held?.body.serial !== signed.body.serial) {
      link.asked = false;
      return true;
    }
    link.held = signed.body;
    finish(link);
    return true;
  }

  /** Acknowledged: from here on it is the holder's word too. */
  function finish(link: Link): void {
    circuits.acknowledge(link.outstanding?.marks ?? [], link.interval);
    link.outstanding = null;
  }

  async function post(link: Link, path: string, tag: string, body: unknown): Promise<CheckedAck | null> {
    const running = intervalNow(network, clock.now()) ?? link.interval;
    const to = addressOf(network, link.holder, running);
    const holder = network.descriptor(link.holder);
    if (to === null || holder === null) return null;
    const call = { ...to, url: to.url + path, tag, body, from: me, key: keys.of(running).sealing };
    const answer: Result<Signed<Ack>> = await ports.http.link(call, signedAck);
    if (!answer.ok) {
      if (answer.refusal.code === 'iou-behind') link.asked = false;
      if (neighbours.failed(link.holder, answer.refusal, clock.now())) {
        log.warn('link-refused', { relay: link.holder, interval: link.interval, code: answer.refusal.code });
      }
      return null;
    }
    const checked = checkAck(
      networkId,
      keys,
      { issuer: me, holder: link.holder, interval: link.interval },
      holder.body,
      answer.value,
    );
    if (checked === null) {
      log.warn('ack-not-valid', { relay: link.holder, interval: link.interval });
      return null;
    }
    neighbours.answered(link.holder, checked.creditLeftBytes);
    return checked;
  }

  function unitsBetween(link: Link): bigint {
    const terms = network.terms(link.interval);
    if (terms === null || link.signed === null) return 0n;
    return (
      creditUnits(terms, totalsOf(link.signed)) - creditUnits(terms, totalsOf(link.held === null ? null : { body: link.held }))
    );
  }

  return {
    call(link) {
      if (link.calling) return;
      link.calling = true;
      queue.push(link);
      if (active < CALLS_MAX) tasks.run('deliver', work);
    },
  };
}
