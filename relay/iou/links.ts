/*
 * The links on which this relay is issuer, one a holder and interval: what it signed last, what the holder acknowledged, and the
 * one delivery that is on its way. Memory; the last signed IOU is also on disk. Kept for iou/issue.ts and iou/deliver.ts.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import type { CertifiedCircuit, Iou } from '../../core/wire/iou.ts';
import type { Mark } from '../circuit/table.ts';
import type { IouRow } from './store.ts';

/** Repeated until it is acknowledged. */
export interface Outstanding {
  readonly circuits: readonly CertifiedCircuit[];
  readonly marks: readonly Mark[];
  /** What it takes of the holder's credit. */
  readonly units: bigint;
}

/** Changed only by iou/issue.ts and iou/deliver.ts. */
export interface Link {
  readonly holder: string;
  readonly interval: number;
  /** The last one signed: the floor. */
  signed: Verified<Iou> | null;
  /** What the holder said that it holds. */
  held: Iou | null;
  /** Whether the holder was asked what it holds, where that was needed. */
  asked: boolean;
  outstanding: Outstanding | null;
  /** Growth waits, or a tick is due, until the outstanding delivery is acknowledged. */
  waiting: boolean;
  ticking: boolean;
  /** Its calls are being made, one after the other. */
  calling: boolean;
}

export interface Links {
  /** `fresh`: nothing can have been signed on it before this process began. */
  open(holder: string, interval: number, fresh: boolean): Link;
  get(holder: string, interval: number): Link | null;
  ofInterval(interval: number): Link[];
  /** What deliveries on their way to a holder take of its credit. */
  reserved(holder: string): bigint;
  /** What was signed before a start. */
  load(rows: readonly IouRow[]): void;
  forget(before: number): void;
}

export function createLinks(): Links {
  const intervals = new Map<number, Map<string, Link>>();

  function add(link: Link): Link {
    const links = intervals.get(link.interval) ?? new Map<string, Link>();
    intervals.set(link.interval, links.set(link.holder, link));
    return link;
  }

  return {
    open(holder, interval, fresh) {
      const known = intervals.get(interval)?.get(holder);
      return known ?? add(newLink(holder, interval, fresh));
    },
    get: (holder, interval) => intervals.get(interval)?.get(holder) ?? null,
    ofInterval: (interval) => [...(intervals.get(interval)?.values() ?? [])],
    reserved(holder) {
      let sum = 0n;
      for (const links of intervals.values()) sum += links.get(holder)?.outstanding?.units ?? 0n;
      return sum;
    },
    load(rows) {
      for (const { peer, signed } of rows) add({ ...newLink(peer, signed.body.interval, false), signed });
    },
    forget(before) {
      for (const interval of [...intervals.keys()]) if (interval < before) intervals.delete(interval);
    },
  };
}

function newLink(holder: string, interval: number, fresh: boolean): Link {
  const idle = { outstanding: null, waiting: false, ticking: false, calling: false };
  return { holder, interval, signed: null, held: null, asked: fresh, ...idle };
}
