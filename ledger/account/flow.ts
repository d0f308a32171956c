/*
 * What anybody may ask about accounts: an account key or a destination in, its balance or a page of its entries out. Accounts
 * need no opening: one that nobody has paid holds nothing. Called by http.ts.
 */
import { ok, type Result } from '../../core/refusal.ts';
import type { LedgerEntry, LedgerPage } from '../../core/wire/ledger.ts';
import type { Database } from '../../host/ports.ts';
import { readDestination, readIncoming, readNextNumber, readNextPosition, readSumFrom } from './store.ts';
import type { Sums } from './sums.ts';

export interface Accounts {
  show(account: string): Promise<Result<{ account: string; balance: string; nextNumber: bigint }>>;
  incoming(account: string, after: bigint): Promise<Result<LedgerPage>>;
  destination(account: string, ref: string, after: bigint): Promise<Result<LedgerPage>>;
}

export function createAccounts(database: Database, sums: Sums): Accounts {
  return {
    show: (account) =>
      database.transaction(async (tx) => {
        const [known, upTo] = [sums.of(account), await readNextPosition(tx)];
        const balance = known.amount + (await readSumFrom(tx, account, known.upTo));
        sums.remember(tx, account, { upTo, amount: balance });
        return ok({ account, balance: balance.toString(), nextNumber: await readNextNumber(tx, account) });
      }),
    incoming: async (account, after) => page(await database.transaction((tx) => readIncoming(tx, account, after)), after),
    destination: async (account, ref, after) =>
      page(await database.transaction((tx) => readDestination(tx, account, ref, after)), after),
  };
}

function page(entries: LedgerEntry[], after: bigint): Result<LedgerPage> {
  const last = entries.at(-1);
  return ok({ entries, next: last === undefined ? after : last.position + 1n });
}
