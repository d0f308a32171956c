/*
 * What a network at rest comes to: its databases in; lines that are the same for every run of one journey, by names instead of keys
 * and without what chance makes, out. Read with its own SQL. Called by point.ts, which compares a killed run's with an unkilled one's.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { keysFrom, keysIn } from '../../node/keys.ts';
import { openForReading, type TextRow } from '../audit/rows.ts';

/** In byte order; each begins with `node role table`. */
export type State = readonly string[];

interface Table {
  readonly role: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly where?: string;
}

/** What a wallet received beside settlements is read when there is time for it, and at each start. Serials, times and states on the way are not here: they may differ, what they lead to may not. */
const tables: readonly Table[] = [
  { role: 'ledger', name: 'ledger_output', columns: ['payer', 'payee', 'amount'] },
  { role: 'relay', name: 'iou', columns: ['direction', 'interval_number', 'peer', 'relay_bytes', 'exit_bytes'] },
  { role: 'relay', name: 'iou_evidence', columns: ['peer', 'interval_number'] },
  { role: 'relay', name: 'pair_outcome', columns: ['peer', 'interval_number', 'outcome', 'received', 'received_bytes'] },
  {
    role: 'settlement',
    name: 'pair',
    columns: [
      ...['interval', 'peer', 'state', 'side', 'amount', 'carry_in', 'carry_out', 'forgiven', 'fallback'],
      ...['held_value', 'issued_value', 'paid', 'received', 'fee'],
    ],
  },
  { role: 'settlement', name: 'batch', columns: ['state'], where: "state = 'intent'" },
  { role: 'settlement', name: 'transfer_order', columns: ['kind', 'amount', 'state', 'fee'] },
  { role: 'settlement', name: 'income', columns: ['amount'], where: "kind = 'settlement'" },
  { role: 'settlement', name: 'contest_case', columns: ['interval', 'peer', 'part', 'state', 'amount'] },
  { role: 'guard', name: 'guard_account', columns: ['rail'] },
  { role: 'guard', name: 'guard_deposit', columns: ['amount', 'confirmed'] },
  { role: 'guard', name: 'guard_usage', columns: ['interval', 'circuit_bytes', 'other_bytes', 'amount', 'signed_amount'] },
  { role: 'guard', name: 'guard_withdrawal', columns: ['amount', 'state'] },
  { role: 'client', name: 'client_guard', columns: ['guard', 'rail'] },
  { role: 'client', name: 'client_deposit', columns: ['amount', 'state'] },
  { role: 'client', name: 'client_withdrawal', columns: ['amount', 'state', 'code'] },
  { role: 'client', name: 'client_usage', columns: ['guard', 'interval', 'circuit_bytes', 'other_bytes'] },
  { role: 'client', name: 'client_refused_account', columns: ['code'] },
  { role: 'client', name: 'client_tally', columns: ['interval', 'code'], where: "state = 'refused'" },
  // What still waits to be sent.
  ...['settlement', 'directory'].map((role) => ({ role, name: 'outbox', columns: ['kind'] })),
];

export async function readState(home: string): Promise<State> {
  const names = (await readdir(home, { withFileTypes: true })).filter((one) => one.isDirectory()).map((one) => one.name);
  const known = new Map<string, string>();
  for (const name of names) for (const key of await keysOf(home, name)) known.set(key, name);
  const lines: string[] = [];
  for (const node of names) {
    for (const { role, name, columns, where } of tables) {
      const rows = await readTable(join(home, node, `${role}.sqlite`), name, columns, where);
      for (const row of rows)
        lines.push(`${node} ${role} ${name} ${columns.map((column) => shown(row, column, known)).join(' ')}`);
    }
    lines.push(...(await readDocket(join(home, node, 'directory.sqlite'), node, known)));
  }
  return lines.sort();
}

export async function readTable(file: string, name: string, columns: readonly string[], where?: string): Promise<TextRow[]> {
  if (!existsSync(file)) return [];
  const rows = await openForReading(file);
  try {
    return await rows.table(name, columns, where);
  } finally {
    await rows.close();
  }
}

function shown(row: TextRow, column: string, known: ReadonlyMap<string, string>): string {
  const value = row[column] ?? '-';
  return `${column}=${known.get(value) ?? value}`;
}

/** The last verdict of each case. */
async function readDocket(file: string, node: string, known: ReadonlyMap<string, string>): Promise<string[]> {
  const last = new Map<string, string>();
  for (const row of await readTable(file, 'directory_verdict', ['case_id', 'document'])) {
    const { body } = JSON.parse(row['document'] as string) as { body: Verdict };
    const { contestant, accused } = body.about.signed.body;
    last.set(row['case_id'] as string, `${known.get(contestant)} contests ${known.get(accused)}: ${body.outcome}`);
  }
  return [...last.values()].map((verdict) => `${node} directory verdict ${verdict}`);
}

interface Verdict {
  readonly outcome: string;
  readonly about: { readonly signed: { readonly body: { readonly contestant: string; readonly accused: string } } };
}

/** By what others name it: its id, its account, its wallet. */
async function keysOf(home: string, name: string): Promise<string[]> {
  const folder = join(home, name, 'keys');
  if (!existsSync(folder)) return [];
  const own = keysIn(folder, systemEntropy());
  const files = await readdir(folder);
  const isClient = files.includes('account.key');
  const wallet = signingKey(await (isClient ? keysFrom(await own('account')) : own)('wallet')).publicKey;
  const named = signingKey(await own(isClient ? 'account' : files.includes('identity.key') ? 'identity' : 'mint')).publicKey;
  return [wallet, named];
}
