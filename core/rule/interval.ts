/*
 * The interval clock: which interval a second belongs to, and when an interval's windows open and close (design §6.8, §7).
 * All relays share it; parameters in, seconds out.
 */
import type { Parameters } from '../wire/parameters.ts';

/** The interval that contains `now`; 0 before genesis. */
export function intervalAt(parameters: Parameters, now: number): number {
  return Math.max(0, Math.floor((now - parameters.genesis) / parameters.intervalSec));
}

export function intervalStart(parameters: Parameters, interval: number): number {
  return parameters.genesis + interval * parameters.intervalSec;
}

/** The cut-off: the first second that is no longer in the interval. */
export function intervalEnd(parameters: Parameters, interval: number): number {
  return intervalStart(parameters, interval + 1);
}

/** The instants of one interval, in the order in which they come (with sensible parameters). */
export interface Schedule {
  readonly start: number;
  readonly cutOff: number;
  /** No IOU of the interval is taken from here on: the books are closed. */
  readonly booksClose: number;
  /** Balance settlement time. */
  readonly bst: number;
  readonly paymentEnd: number;
  readonly contestEnd: number;
  /** No appeal of a contest of this interval can come after this. */
  readonly appealEnd: number;
}

export function scheduleOf(parameters: Parameters, interval: number): Schedule {
  const start = intervalStart(parameters, interval);
  const cutOff = intervalEnd(parameters, interval);
  const bst = cutOff + parameters.bstOffsetSec;
  const paymentEnd = bst + parameters.paymentWindowSec;
  const contestEnd = paymentEnd + parameters.contestWindowSec;
  const booksClose = cutOff + parameters.graceSec;
  return { start, cutOff, booksClose, bst, paymentEnd, contestEnd, appealEnd: contestEnd + parameters.appealWindowSec };
}

/** When the consensus begins to carry the terms of the interval after this one (its last quarter). */
export function nextTermsFrom(parameters: Parameters, interval: number): number {
  return intervalEnd(parameters, interval) - Math.floor(parameters.intervalSec / 4);
}

/** The next tick after `now`: every `iouTickSec` from the interval's start, and its cut-off. */
export function tickAfter(parameters: Parameters, now: number): number {
  const interval = intervalAt(parameters, now);
  const start = intervalStart(parameters, interval);
  if (now < start) return start;
  const ticks = Math.floor((now - start) / parameters.iouTickSec) + 1;
  return Math.min(start + ticks * parameters.iouTickSec, intervalEnd(parameters, interval));
}
