/*
 * What the operator is warned of when a previous hop certifies less than the own meter shows, or circuits that it never showed.
 * Comparisons of circuit/compare.ts in, lines of the log out, each link and interval once. Called by iou/take.ts and jobs.ts.
 */
import type { Log } from '../../host/ports.ts';
import { isUnderCertified, type Compared } from '../circuit/compare.ts';
import type { ClosedLink } from '../circuit/past.ts';

export type WarnOfLess = (issuer: string, interval: number, compared: Compared) => void;

/** While the interval runs. */
export function createWarnOfLess(log: Log): WarnOfLess {
  /** The newest interval of each issuer that was warned of. */
  const warned = new Map<string, number>();
  return (issuer, interval, compared) => {
    if (!isUnderCertified(compared) || (warned.get(issuer) ?? -1) >= interval) return;
    warned.set(issuer, interval);
    log.warn('under-certified', { relay: issuer, interval, count: Number(compared.underCertifiedBytes) });
  };
}

/** When its books are closed: the last word. */
export function tellClosed(log: Log, links: readonly ClosedLink[]): void {
  for (const { issuer, interval, compared } of links) {
    const { underCertifiedBytes, unseenBytes } = compared;
    if (isUnderCertified(compared)) {
      log.warn('interval-under-certified', { relay: issuer, interval, count: Number(underCertifiedBytes) });
    }
    if (unseenBytes > 0n) log.warn('interval-unseen', { relay: issuer, interval, count: Number(unseenBytes) });
  }
}
