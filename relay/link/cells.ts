/*
 * Cells of links beside IOUs: what the meter counts on each link, and what the neighbour certified on it, in; a warning when it
 * certified more than went over the link, out. It asks for no circuits, so that any tor gives it. Memory, since the first look.
 * Called by main.ts, iou/take.ts and link/flow.ts.
 */
import type { CertifiedCircuit } from '../../core/wire/iou.ts';
import type { Log } from '../../host/ports.ts';
import { CELL_BYTES, type LinkReading } from '../../tor/meter.ts';

/** What is known of one link. */
export interface LinkCells {
  readonly sentCells: bigint;
  readonly receivedCells: bigint;
  /** Certified by the neighbour, and what the link's cells and its circuits' starting amounts allow for. */
  readonly certifiedBytes: bigint;
  readonly boundBytes: bigint;
  readonly isBeyond: boolean;
}

export interface CellWatch {
  /** All links, after each look at tor. */
  take(links: readonly LinkReading[]): void;
  /** A delivery was taken. */
  certify(issuer: string, interval: number, entries: readonly CertifiedCircuit[], startingBytes: bigint): void;
  /** Null where no meter sees links. */
  of(peer: string): LinkCells | null;
}

interface Link {
  cells: { readonly sent: bigint; readonly received: bigint };
  certified: Claim;
  /** As it was at the look before: what is certified now may be of cells that the next look shows. */
  due: Claim;
  interval: number;
  isBeyond: boolean;
}

interface Claim {
  readonly bytes: bigint;
  /** Starting amounts (rule 4) of the circuits that began: owed without a cell. */
  readonly starting: bigint;
}

const nothing: Claim = { bytes: 0n, starting: 0n };

export function createCellWatch(log: Log): CellWatch {
  const links = new Map<string, Link>();
  let hasLooked = false;

  function linkOf(peer: string): Link {
    const known = links.get(peer);
    if (known !== undefined) return known;
    const cells = { sent: 0n, received: 0n };
    const link = { cells, certified: nothing, due: nothing, interval: -1, isBeyond: false };
    links.set(peer, link);
    return link;
  }

  function judge(peer: string, link: Link): void {
    const isBeyond = isBeyondCells(link.due.bytes, boundOf(link, link.due));
    if (isBeyond && !link.isBeyond) {
      const bytes = link.due.bytes - boundOf(link, link.due);
      log.warn('certified-beyond-cells', { relay: peer, interval: link.interval, count: Number(bytes) });
    }
    link.isBeyond = isBeyond;
    link.due = link.certified;
  }

  return {
    take(readings) {
      // At the first look, too, with all that its channels carried before: what is certified now may be of then.
      hasLooked = true;
      for (const { relay, sentCells: sent, receivedCells: received } of readings)
        if (relay !== null) linkOf(relay).cells = { sent, received };
      for (const [peer, link] of links) judge(peer, link);
    },
    certify(issuer, interval, entries, startingBytes) {
      if (!hasLooked) return;
      const link = linkOf(issuer);
      const began = entries.filter((entry) => entry.from === 0n).length;
      const grown = entries.reduce((sum, entry) => sum + entry.bytes - entry.from, 0n);
      const { bytes, starting } = link.certified;
      link.certified = { bytes: bytes + grown, starting: starting + BigInt(began) * startingBytes };
      link.interval = interval;
    },
    of(peer) {
      if (!hasLooked) return null;
      const link = linkOf(peer);
      const { cells, certified, isBeyond } = link;
      const count = { sentCells: cells.sent, receivedCells: cells.received };
      return { ...count, certifiedBytes: certified.bytes, boundBytes: boundOf(link, certified), isBeyond };
    },
  };
}

/** Every byte that is certified went over the link as part of a relay cell, to or from the holder (rule 1). */
function boundOf({ cells }: Link, { starting }: Claim): bigint {
  return (cells.sent + cells.received) * CELL_BYTES + starting;
}

/** By more than is lost where channels close between two looks. */
function isBeyondCells(bytes: bigint, bound: bigint): boolean {
  return bytes * 16n > bound * 17n;
}
