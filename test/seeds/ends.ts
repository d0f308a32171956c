/*
 * When all windows are over: each settlement has ended, once, and nothing was paid twice for it wherever it went; deposits and
 * withdrawals have arrived. The disks of a town at rest in; faults in words out. Called by run.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../core/crypto/hash.ts';
import { readLedger, type Ledger } from '../audit/ledger.ts';
import { readContests } from '../../lab/report.ts';
import { openForReading, text, type Rows, type TextRow } from '../audit/rows.ts';
import { relayNames, type SeedPlan } from './plan.ts';
import { authorityName, type Town } from './town.ts';

const columns = ['id', 'interval', 'peer', 'state', 'side', 'amount', 'destination', 'paid', 'received', 'payment'];
/** No more will come of it. `paid`: its receipt did not arrive, `received`: it was not signed. */
const ends: ReadonlySet<string> = new Set(['clear', 'carried', 'receipted', 'lapsed', 'contested', 'unpaid']);

interface Side {
  readonly name: string;
  readonly account: string;
  readonly row: TextRow;
}

export async function auditEnds(town: Town, liars: ReadonlySet<string>): Promise<string[]> {
  const { home } = town;
  const ledger = await within(join(home, authorityName, 'ledger.sqlite'), readLedger);
  const sides: Side[] = [];
  for (const name of relayNames) {
    const account = await town.world.walletKey(name);
    const rows = await within(join(home, name, 'settlement.sqlite'), (opened) => opened.table('pair', columns));
    sides.push(...(rows ?? []).map((row) => ({ name, account, row })));
  }
  const faults = sides.filter(({ name }) => !liars.has(name)).flatMap((side) => auditEnd(town, liars, side));
  return ledger === null ? ['no ledger'] : [...faults, ...auditOnce(town, ledger, sides, liars)];
}

function auditEnd(town: Town, liars: ReadonlySet<string>, { name, row }: Side): string[] {
  const peer = town.world.relayName(text(row, 'peer'));
  if (liars.has(peer) || ends.has(text(row, 'state'))) return [];
  return [`${name}: settlement with ${peer} of interval ${text(row, 'interval')} has not ended: ${text(row, 'state')}`];
}

/** All that the debtor's wallet paid to any destination of one settlement: its own, and the fallback that follows from its id. */
function auditOnce(town: Town, ledger: Ledger, sides: readonly Side[], liars: ReadonlySet<string>): string[] {
  const accounts = new Map(sides.map(({ name, account }) => [name, account]));
  const byId = new Map<string, Side[]>();
  for (const side of sides) byId.set(text(side.row, 'id'), [...(byId.get(text(side.row, 'id')) ?? []), side]);
  return [...byId].flatMap(([id, both]) => {
    const debtor = both.find(({ row }) => row['side'] === 'debtor');
    if (debtor === undefined || liars.has(debtor.name)) return [];
    const peer = town.world.relayName(text(debtor.row, 'peer'));
    const creditor = accounts.get(peer) ?? '';
    const fallback = `${creditor}.${sha256Hex('ptg/fallback/v1\0', id).slice(0, 32)}`;
    const places = new Set([fallback, ...both.flatMap(({ row }) => row['destination'] ?? [])]);
    const paid = ledger.outputs.filter((one) => one.payer === debtor.account && places.has(one.destination));
    const what = `settlement of ${debtor.name} with ${peer} in interval ${text(debtor.row, 'interval')}`;
    return paid.length > 1 ? [`${what} was paid ${paid.length} times`] : [];
  });
}

/** What the world did, for the report: each payment once, by the debtor's book. */
export async function countSettled(plan: SeedPlan, town: Town): Promise<void> {
  const counts = new Map<string, number>();
  const add = (what: string, count = 1) => counts.set(what, (counts.get(what) ?? 0) + count);
  add('interval', plan.intervals);
  add('clocks off', [...plan.offsets.values()].filter((one) => one !== 0).length);
  for (const name of relayNames) {
    const rows = await within(join(town.home, name, 'settlement.sqlite'), (opened) => opened.table('pair', columns));
    for (const row of rows ?? []) {
      if (row['side'] === 'debtor' && text(row, 'paid') !== '0') add('payment');
      if (row['side'] === 'debtor' && text(row, 'state') === 'carried') add('carried over');
    }
  }
  for (const one of await readContests(town.world)) add(`contest: ${one.state}`);
  for (const [what, count] of counts) for (let one = 0; one < count; one += 1) town.count(what);
}

/** Null where there is no such file. */
export async function within<T>(file: string, read: (rows: Rows) => Promise<T>): Promise<T | null> {
  if (!existsSync(file)) return null;
  const rows = await openForReading(file);
  try {
    return await read(rows);
  } finally {
    await rows.close();
  }
}
