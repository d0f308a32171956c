/*
 * Replaying: messages that were taken before, the same sealed bytes again, to a town that stands still. What of its databases is
 * different afterwards, in words, out: nothing may be. Called by deeds.ts and run.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { sendAgain } from './catch.ts';
import { relayNames } from './plan.ts';
import { authorityName, type Town } from './town.ts';
import type { Kept } from './wire.ts';

/** So many at a time; at the end all. */
export const REPLAYS_MAX = 400;
const roles = ['relay', 'settlement', 'guard', 'client', 'directory', 'ledger'] as const;

/**
 * What may change: jobs and outbox are when to look again, not what is known; a mailbox remembers when it was last asked.
 */
const columnsBut: Readonly<Record<string, readonly string[] | 'all'>> = {
  job: 'all',
  outbox: 'all',
  directory_letter: ['fetched_at', 'last_fetched_at'],
  // What the docket says of a case, as it was read last: whoever is told that there is news reads it again.
  contest_case: 'all',
  // The same of a complaint against a guard: one that is over is dropped again at the next look (seed 15).
  guard_case: 'all',
};

export interface ReplayOptions {
  /** Ids of relays that lie. */
  readonly liars?: readonly string[];
  /** In the middle of things, and not at the end of all. */
  readonly isUnderWay?: boolean;
}

/**
 * At rest the first repetition changes nothing. In the middle of things a message, of whatever age, makes its reader look: a guard writes
 * down what it has counted (seeds 215 and 494), an accused finds its case at the docket (218), a creditor a payment on the rail (539).
 * So the second repetition is compared; what the first one did, the auditor looks at.
 */
export async function replay(town: Town, messages: readonly Kept[], options: ReplayOptions = {}): Promise<string[]> {
  await town.idle();
  if (options.isUnderWay === true) await sendAll(town, messages);
  const names = [authorityName, ...relayNames];
  const before = await dumpsOf(town.home, names);
  const answered = await sendAll(town, messages);
  const after = await dumpsOf(town.home, names);
  for (let one = 0; one < answered; one += 1) town.count('replayed');
  const found = differences(before, after).filter((fault) => !isEvidence(fault, options.liars ?? []));
  return found.map((fault) => `a replay of ${answered} messages: ${fault}`);
}

/** How many of them were answered. */
async function sendAll(town: Town, messages: readonly Kept[]): Promise<number> {
  let answered = 0;
  for (const { to, message } of messages) {
    if (to === authorityName || town.isUp(to)) answered += (await sendAgain(message)) === null ? 0 : 1;
  }
  await town.idle();
  return answered;
}

/** Of two contradicting signatures of a liar the second may come by a replay. */
function isEvidence(fault: string, liars: readonly string[]): boolean {
  return fault.includes('/relay iou_evidence got ') && liars.some((id) => fault.includes(`"peer":"${id}"`));
}

/** By `node/role table`, its rows as text. */
export type Dumps = ReadonlyMap<string, readonly string[]>;

export async function dumpsOf(home: string, names: readonly string[]): Promise<Dumps> {
  const dumps = new Map<string, readonly string[]>();
  for (const name of names) {
    for (const role of roles) {
      const file = join(home, name, `${role}.sqlite`);
      if (existsSync(file)) for (const [table, rows] of await tablesOf(file)) dumps.set(`${name}/${role} ${table}`, rows);
    }
  }
  return dumps;
}

export function differences(before: Dumps, after: Dumps): string[] {
  const faults: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [new Set(before.get(key) ?? []), new Set(after.get(key) ?? [])];
    const gone = [...was].filter((row) => !is.has(row));
    const come = [...is].filter((row) => !was.has(row));
    for (const row of gone) faults.push(`${key} lost ${row.slice(0, 300)}`);
    for (const row of come) faults.push(`${key} got ${row.slice(0, 300)}`);
  }
  return faults;
}

async function tablesOf(file: string): Promise<[string, string[]][]> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  const all = (sql: string) =>
    new Promise<Record<string, unknown>[]>((resolve, reject) =>
      database.all(sql, (error, rows) => (error === null ? resolve(rows as Record<string, unknown>[]) : reject(error))),
    );
  try {
    const tables: [string, string[]][] = [];
    const named = await all(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'migration_%'`,
    );
    for (const { name } of named) {
      const except = columnsBut[String(name)] ?? [];
      if (except === 'all') continue;
      const columns = (await all(`PRAGMA table_info("${String(name)}")`))
        .map((row) => String(row['name']))
        .filter((one) => !except.includes(one));
      const list = columns.map((one) => `CAST("${one}" AS TEXT) AS "${one}"`).join(', ');
      tables.push([String(name), (await all(`SELECT ${list} FROM "${String(name)}"`)).map((row) => JSON.stringify(row))]);
    }
    return tables;
  } finally {
    await new Promise<void>((resolve) => database.close(() => resolve()));
  }
}
