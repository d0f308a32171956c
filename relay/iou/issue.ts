/*
 * IOUs out. On a tick, and when deliveries come in grace: drafts of the circuits → next running total of each link → signed and
 * saved, all in one transaction → delivered (iou/deliver.ts). Called by jobs.ts, and by iou/take.ts for intervals that are over.
 *
 *   drafts ─→ decideIssue ─→ saved ─→ on its way ─┬─ acknowledged ─→ the next
 *                                                 └─ no answer ─→ the same again at the next tick
 */
import { sign, type Verified } from '../../core/crypto/sign.ts';
import { DELIVERY_CIRCUITS_MAX } from '../../core/limits.ts';
import type { Iou } from '../../core/wire/iou.ts';
import { inTurn } from '../../host/in-turn.ts';
import { leftOf } from '../credit/decide.ts';
import { intervalNow, openPeriods, periodOf, type Period } from '../period.ts';
import { createCourier, type IssuerParts } from './deliver.ts';
import { decideIssue, type Issue } from './decide-issue.ts';
import type { Link } from './links.ts';
import { addOwn, alarmIn, readIssuedSince, saveIous, textOf } from './store.ts';

export interface Issuer {
  /** All links together: in the running interval when its tick is due, and in those that are in grace. */
  tick(periods: readonly Period[], now: number): Promise<void>;
  /** What was certified after the cut-off goes on at once. */
  passOn(interval: number): void;
}

interface Signing {
  readonly link: Link;
  readonly issue: Issue;
  readonly signed: Verified<Iou>;
}

/** Links that wait for the next transaction. */
interface Gathered {
  readonly links: Link[];
  done: Promise<void> | null;
}

export function createIssuer(parts: IssuerParts): Issuer {
  const { ports, me, keys, circuits, links, neighbours, tasks } = parts;
  const { clock, database, network } = ports;
  const startedAt = clock.now();
  const turn = inTurn();
  const courier = createCourier(parts, issueTogether);
  let gathered: Gathered = { links: [], done: null };
  const passing = new Set<number>();
  let loaded = false;
  let lastTick = -1;

  async function load(oldest: number): Promise<void> {
    if (loaded) return;
    // One more than the open ones: it tells which links go on ticking.
    links.load(await database.transaction((tx) => readIssuedSince(tx, oldest - 1, alarmIn(ports.log))));
    loaded = true;
  }

  /** Links that have something to say in this interval, and those that tick. */
  function linksDue(period: Period): Link[] {
    const { interval, schedule } = period;
    const known = links.ofInterval(interval);
    const running = clock.now() < schedule.cutOff;
    const before = running ? links.ofInterval(interval - 1) : [];
    // Rule 5; the tick at the cut-off is the interval's last.
    const ticks = running || lastTick < schedule.cutOff;
    const ticking = new Set([...known, ...before].filter((link) => ticks && link.signed !== null).map((link) => link.holder));
    const due = new Set([...ticking, ...circuits.holders(), ...known.map((link) => link.holder)]);
    return [...due].flatMap((holder) => {
      const link = links.get(holder, interval);
      const wanted = ticking.has(holder) || hasDrafts(holder, period);
      if ((link === null && !wanted) || !isKnown(holder)) return [];
      const opened = link ?? links.open(holder, interval, isFresh(holder, period));
      opened.waiting ||= wanted;
      opened.ticking ||= ticking.has(holder);
      return [opened];
    });
  }

  function hasDrafts(holder: string, period: Period): boolean {
    return circuits.drafts(holder, openOf(period), 1).length > 0;
  }

  /** Not billed: there is nobody to seal to. */
  function isKnown(holder: string): boolean {
    return network.descriptor(holder) !== null;
  }

  /** Whoever was never asked, and every holder for an interval in which this process began, is asked first. */
  function isFresh(holder: string, period: Period): boolean {
    return startedAt < period.schedule.start && neighbours.of(holder).creditLeftBytes !== null;
  }

  /** Links that were acknowledged while others' next IOUs were being saved are saved together: one wait for the disk. */
  function issueTogether(link: Link): Promise<void> {
    gathered.links.push(link);
    gathered.done ??= turn(() => {
      const { links: all } = gathered;
      gathered = { links: [], done: null };
      return issueNow(all);
    });
    return gathered.done;
  }

  /** Signs and saves the next IOU of each link that waits and has none on its way. */
  function issue(due: readonly Link[]): Promise<void> {
    return turn(() => issueNow(due));
  }

  async function issueNow(due: readonly Link[]): Promise<void> {
    const now = clock.now();
    const signings = due.flatMap((link) => next(link, now) ?? []);
    if (signings.length === 0) return;
    const saved = await database.transaction(async (tx) => {
      // The book of an interval is immutable once it is closed.
      const inTime = signings.filter(({ link }) => isOpen(link.interval));
      await saveIous(
        tx,
        'issued',
        inTime.map(({ signed }) => ({ signed, text: textOf(signed) })),
      );
      for (const [interval, bytes] of ownGrowth(inTime)) await addOwn(tx, interval, bytes);
      return inTime;
    });
    for (const { link, issue: made, signed } of saved) {
      link.signed = signed;
      link.outstanding = { circuits: made.circuits, marks: made.marks, units: made.units };
      conclude(link, made);
    }
  }

  /** By interval: what they certify more of circuits that own subscribers pay. */
  function ownGrowth(signings: readonly Signing[]): ReadonlyMap<number, bigint> {
    const sums = new Map<number, bigint>();
    for (const { link, issue: made } of signings)
      for (const [at, { bytes, from }] of made.circuits.entries()) {
        const isOwn = circuits.isPaidBySession(made.marks[at]?.key ?? '');
        if (isOwn && bytes > from) sums.set(link.interval, (sums.get(link.interval) ?? 0n) + bytes - from);
      }
    return sums;
  }

  function next(link: Link, now: number): Signing | null {
    const period = periodOf(network, link.interval);
    if (!link.waiting || !link.asked || link.outstanding !== null || period === null || !isOpen(link.interval)) return null;
    const key = keys.of(link.interval);
    const lent = neighbours.of(link.holder).creditLeftBytes ?? 0n;
    const made = decideIssue({
      issuer: me,
      issuerKey: key.number,
      holder: link.holder,
      terms: period.terms,
      digest: period.digest,
      last: link.signed?.body ?? null,
      drafts: circuits.drafts(link.holder, openOf(period), DELIVERY_CIRCUITS_MAX + 1),
      creditBytes: leftOf(lent, links.reserved(link.holder)),
      ticking: link.ticking,
      issuedAt: Math.min(now, period.schedule.cutOff),
    });
    link.waiting = made.more;
    link.ticking = false;
    if (made.iou !== null) return { link, issue: made, signed: sign('iou', network.network.networkId, made.iou, key.iou) };
    conclude(link, made);
    return null;
  }

  function conclude(link: Link, { marks, freed }: Issue): void {
    circuits.sign(link.interval, marks, freed);
    if (freed.length === 0) return;
    ports.log.warn('credit-reached', { relay: link.holder, interval: link.interval });
    parts.turnedFree();
  }

  function isOpen(interval: number): boolean {
    const period = periodOf(network, interval);
    return period !== null && clock.now() < period.schedule.booksClose;
  }

  return {
    async tick(periods, now) {
      const oldest = periods.at(-1)?.interval;
      if (oldest === undefined) return;
      await load(oldest);
      const due = periods.flatMap(linksDue);
      await issue(due);
      lastTick = now;
      for (const link of due) courier.call(link);
      links.forget(Math.min(oldest, (intervalNow(network, now) ?? oldest) - 1));
    },
    passOn(interval) {
      // Deliveries that come together are passed on together.
      if (passing.has(interval)) return;
      passing.add(interval);
      tasks.run('pass-on', async () => {
        await Promise.resolve();
        passing.delete(interval);
        const period = openPeriods(network, clock.now()).find((one) => one.interval === interval);
        // Before the first tick nothing is known of earlier signatures; that tick passes it on.
        if (period === undefined || !loaded) return;
        const due = linksDue(period).filter((link) => link.waiting);
        await issue(due);
        for (const link of due) courier.call(link);
      });
    },
  };
}

export function openOf(period: Period): { readonly interval: number; readonly startingBytes: bigint } {
  return { interval: period.interval, startingBytes: period.terms.parameters.startingBytes };
}
