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

/**
 * Whoever asks its guard, by a message of whatever age, has it write down what it has counted, and sign the account anew where that has
 * changed (seeds 215 and 494): the first time, and not the second.
 */
const catchesUp = /^[^ ]+\/guard guard_(usage|account) /;

export async function replay(town: Town, messages: readonly Kept[], liars: readonly string[] = []): Promise<string[]> {
  await hearNews(town, messages);
  const names = [authorityName, ...relayNames];
  const before = await dumpsOf(town.home, names);
  const answered = await sendAll(town, messages);
  const after = await dumpsOf(town.home, names);
  for (let one = 0; one < answered; one += 1) town.count('replayed');
  const all = differences(before, after);
  const found = all.filter((fault) => !catchesUp.test(fault) && !isEvidence(fault, liars));
  if (all.some((fault) => catchesUp.test(fault))) {
    await sendAll(town, messages);
    found.push(...differences(after, await dumpsOf(town.home, names)));
  }
  return found.map((fault) => `a replay of ${answered} messages: ${fault}`);
}

/**
 * Who is told of a case looks at the docket, and may have failed to when it was told before: what it hears now it has from there, and
 * not from the message (seed 218).
 */
async function hearNews(town: Town, messages: readonly Kept[]): Promise<void> {
  await town.idle();
  await sendAll(
    town,
    messages.filter(({ message }) => new URL(message.url).pathname === '/settlement/contested'),
  );
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
