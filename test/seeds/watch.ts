/*
 * What no single moment shows: each link's totals as the two disks had them, which never shrink, and what an issuer has certified and
 * not paid beside what its holder lends it, by arithmetic of its own. A town at rest in; faults in words out. Called by run.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scheduleOf } from '../../core/rule/interval.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import { readLinks, type LinkRow } from '../audit/links.ts';
import { number, openForReading, text } from '../audit/rows.ts';

export interface Watch {
  /** `clockOf`: the time by a relay's own clock. */
  look(given: WatchGiven): Promise<string[]>;
  /** Its disk is another one now. */
  forget(name: string): void;
}

export interface WatchGiven {
  readonly home: string;
  readonly relays: readonly string[];
  readonly parameters: Parameters;
  readonly lenient: ReadonlySet<string>;
  clockOf(name: string): number;
  nameOf(id: string): string;
  isFamily(a: string, b: string): boolean;
  isFirstHop(name: string): boolean;
}

interface Seen {
  readonly serial: bigint;
  readonly relayBytes: bigint;
  readonly exitBytes: bigint;
}

export function createWatch(): Watch {
  const totals = new Map<string, Map<string, Seen>>();
  /** The highest limit that a holder has had for an issuer. */
  const limits = new Map<string, bigint>();

  async function lookAt(given: WatchGiven, name: string): Promise<string[]> {
    const file = join(given.home, name, 'relay.sqlite');
    if (!existsSync(file)) return [];
    const rows = await openForReading(file);
    try {
      const { links } = await readLinks(name, rows);
      const voids = await rows.table('iou_void', ['interval_number', 'peer']);
      const outcomes = await rows.table('pair_outcome', ['peer', 'interval_number', 'outcome', 'received']);
      const isVoid = new Set(voids.map((row) => `${text(row, 'interval_number')} ${text(row, 'peer')}`));
      const lent = outcomes.map((row) => ({
        peer: text(row, 'peer'),
        interval: text(row, 'interval_number'),
        isPaid: text(row, 'outcome') !== 'unpaid',
        received: number(row, 'received'),
      }));
      return [...shrunk(given, name, links, isVoid), ...overdrawn(given, name, links, lent), ...overpassed(given, name, links)];
    } finally {
      await rows.close();
    }
  }

  function shrunk(given: WatchGiven, name: string, links: readonly LinkRow[], isVoid: ReadonlySet<string>): string[] {
    const before = totals.get(name) ?? new Map<string, Seen>();
    const now = new Map(links.map((link) => [`${link.direction} ${link.interval} ${link.peer}`, link]));
    totals.set(name, new Map([...before, ...now]));
    const faults: string[] = [];
    for (const [key, was] of before) {
      const [direction = '', interval = '', peer = ''] = key.split(' ');
      const is = now.get(key);
      const what = `${name}: IOU ${direction} of interval ${interval} with ${given.nameOf(peer)}`;
      const isOver = given.clockOf(name) >= scheduleOf(given.parameters, Number(interval)).appealEnd;
      if (is === undefined && !isOver && !isVoid.has(`${interval} ${peer}`)) faults.push(`${what} is gone`);
      if (is !== undefined && (is.serial < was.serial || is.relayBytes < was.relayBytes || is.exitBytes < was.exitBytes)) {
        faults.push(`${what} has shrunk from ${was.relayBytes}/${was.exitBytes} to ${is.relayBytes}/${is.exitBytes}`);
      }
    }
    return faults;
  }

  function overdrawn(given: WatchGiven, name: string, links: readonly LinkRow[], outcomes: readonly Lent[]): string[] {
    const now = given.clockOf(name);
    const used = new Map<string, bigint>();
    for (const { direction, interval, peer, relayBytes, exitBytes } of links) {
      const isPaid = outcomes.some((one) => one.peer === peer && one.interval === interval && one.isPaid);
      const isLapsed = now >= scheduleOf(given.parameters, Number(interval)).contestEnd;
      if (direction !== 'held' || isPaid || isLapsed || given.isFamily(name, given.nameOf(peer))) continue;
      used.set(peer, (used.get(peer) ?? 0n) + hopBytes(given.parameters, relayBytes, exitBytes));
    }
    return [...used].flatMap(([peer, bytes]) => {
      const limit = limitOf(
        given.parameters,
        outcomes.filter((one) => one.peer === peer),
      );
      const key = `${name} ${peer}`;
      const highest = limit > (limits.get(key) ?? 0n) ? limit : (limits.get(key) ?? 0n);
      limits.set(key, highest);
      return bytes > highest ? [`${name}: ${given.nameOf(peer)} owes ${bytes} bytes, above its credit of ${highest}`] : [];
    });
  }

  return {
    async look(given) {
      const faults: string[] = [];
      for (const name of given.relays) if (!given.lenient.has(name)) faults.push(...(await lookAt(given, name)));
      return faults;
    },
    forget: (name) => void totals.delete(name),
  };
}

/** Rule 2: who is never a circuit's first hop owes nobody more bytes out of Tor than were certified to it. */
function overpassed(given: WatchGiven, name: string, links: readonly LinkRow[]): string[] {
  if (given.isFirstHop(name)) return [];
  const sums = new Map<string, bigint>();
  for (const { direction, interval, exitBytes } of links) {
    sums.set(interval, (sums.get(interval) ?? 0n) + (direction === 'held' ? exitBytes : -exitBytes));
  }
  return [...sums].flatMap(([interval, rest]) =>
    rest < 0n ? [`${name}: owes ${-rest} bytes more of interval ${interval} than were certified to it`] : [],
  );
}

interface Lent {
  readonly peer: string;
  readonly interval: string;
  readonly isPaid: boolean;
  readonly received: bigint;
}

/** Bytes through a standard hop: one out of an exit counts |N|/|E| of them. Rounded up. */
function hopBytes({ exitRatio }: Parameters, relayBytes: bigint, exitBytes: bigint): bigint {
  const [all, exits] = exitRatio ?? [1n, 1n];
  return (relayBytes * exits + exitBytes * all + exits - 1n) / exits;
}

/** No world is longer than `creditIntervals`: what was ever received counts. */
function limitOf({ creditStartBytes, rails }: Parameters, outcomes: readonly Lent[]): bigint {
  const price = rails['ledger']?.price ?? 1n;
  return outcomes.reduce((sum, { received }) => sum + (received * 2n ** 30n) / price, creditStartBytes);
}
