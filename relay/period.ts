/*
 * Where the relay stands in time: the network's view and a second in; the running interval, those whose books are still open, and
 * the next tick out. Called by every item of the relay.
 */
import { intervalAt, scheduleOf, type Schedule } from '../core/rule/interval.ts';
import type { Terms } from '../core/wire/terms.ts';
import type { NetworkView } from '../host/ports.ts';

export interface Period {
  readonly interval: number;
  readonly terms: Terms;
  readonly digest: string;
  readonly schedule: Schedule;
}

/** Null before the first consensus. */
export function intervalNow(network: NetworkView, now: number): number | null {
  const known = network.consensus()?.body.terms[0];
  return known === undefined ? null : intervalAt(known.parameters, now);
}

/** Null where no consensus seen fixed the interval's terms. */
export function periodOf(network: NetworkView, interval: number): Period | null {
  const terms = network.terms(interval);
  const digest = network.termsDigest(interval);
  return terms === null || digest === null ? null : { interval, terms, digest, schedule: scheduleOf(terms.parameters, interval) };
}

/** The running interval, if it has begun, and before it those that are over but still take IOUs; newest first. */
export function openPeriods(network: NetworkView, now: number): Period[] {
  const open: Period[] = [];
  const running = intervalNow(network, now);
  if (running === null) return open;
  for (let interval = running; interval >= 0; interval--) {
    const period = periodOf(network, interval);
    if (period !== null && now >= period.schedule.booksClose) break;
    if (period === null && interval < running) break;
    if (period !== null && now >= period.schedule.start) open.push(period);
  }
  return open;
}

/** The first tick after `now` in the running interval: at whole multiples of the tick from its start, and at its cut-off. */
export function nextTick(period: Period, now: number): number {
  const { start, cutOff } = period.schedule;
  if (now < start) return start;
  const tick = period.terms.parameters.iouTickSec;
  return Math.min(start + (Math.floor((now - start) / tick) + 1) * tick, Math.max(cutOff, now + 1));
}
