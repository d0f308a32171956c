/*
 * An auditor that shares no code with the roles: the databases of a network at rest in, what does not add up, in words, out. It opens
 * the SQLite files itself, reads them with its own SQL and reckons with its own arithmetic. An empty answer means: every unit once.
 * Called by the kill matrix and the seeded world.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { auditCounters } from './counters.ts';
import { auditGuard } from './guards.ts';
import { auditLedger, readLedger } from './ledger.ts';
import { auditLinks, readLinks } from './links.ts';
import { auditPairs } from './pairs.ts';
import { auditPayer } from './payers.ts';
import { auditClient } from './clients.ts';
import { openForReading, type Rows } from './rows.ts';

export interface AuditGiven {
  /** The folder of the nodes' folders. */
  readonly home: string;
  readonly authority: string;
  readonly relays: readonly string[];
  readonly subscribers: readonly string[];
  /** What the mint issued. */
  readonly issued: bigint;
  /** Who lies, or was restored from a backup: its own books are no evidence, against it or for it. */
  readonly lenient?: ReadonlySet<string>;
}

export async function audit(given: AuditGiven): Promise<string[]> {
  const opened: Rows[] = [];
  const open = async (node: string, role: string): Promise<Rows | null> => {
    const file = join(given.home, node, `${role}.sqlite`);
    if (!existsSync(file)) return null;
    const rows = await openForReading(file);
    opened.push(rows);
    return rows;
  };
  try {
    const books = await open(given.authority, 'ledger');
    if (books === null) return ['the ledger has no database'];
    const ledger = await readLedger(books);
    const relays = [];
    for (const name of given.relays) {
      const relay = await open(name, 'relay');
      if (relay === null) continue;
      const links = await readLinks(name, relay);
      const rest = { settlement: await open(name, 'settlement'), guard: await open(name, 'guard') };
      relays.push({ ...links, ...rest, isTrusted: given.lenient?.has(name) !== true });
    }
    const clients = [];
    for (const name of given.subscribers) {
      const client = await open(name, 'client');
      if (client !== null) clients.push({ name, client, isTrusted: given.lenient?.has(name) !== true });
    }
    const faults = [...auditLedger(ledger, given.issued), ...auditLinks(relays)];
    for (const relay of relays) if (relay.isTrusted) faults.push(...(await auditPayer(relay, ledger)));
    faults.push(...(await auditPairs(relays)));
    for (const relay of relays) if (relay.isTrusted) faults.push(...(await auditGuard(relay, ledger)));
    for (const one of clients) if (one.isTrusted) faults.push(...(await auditClient(one, ledger)));
    faults.push(...(await auditCounters(relays, clients)));
    return faults;
  } finally {
    for (const one of opened) await one.close();
  }
}
