/*
 * What a subscriber could complain of: payments to its destination that the newest account does not credit, withdrawals that are not
 * paid. Its accounts and the rail's history in; candidates, with the time from which the docket takes them, out. Called by flow.ts.
 */
import type { Verified } from '../../core/crypto/sign.ts';
import { ACCOUNT_DEPOSITS_MAX } from '../../core/limits.ts';
import { ok, type Result } from '../../core/refusal.ts';
import type { Account } from '../../core/wire/guard.ts';
import { parametersOf } from '../../host/network/prices.ts';
import type { IncomingPayment } from '../../rail/rail.ts';
import { askGuard } from '../account/ask.ts';
import { readAccountsBy, readHomes, type Home } from '../account/store.ts';
import type { Client } from '../context.ts';
import { readRequest, readUnfinished } from '../withdraw/store.ts';

export interface Candidate {
  readonly kind: 'deposit' | 'withdrawal';
  /** The rail's name for the payment, or the request's id. */
  readonly subject: string;
  readonly guard: string;
  readonly rail: string;
  readonly amount: bigint;
  readonly destination: string;
  /** When it was paid, or asked for. */
  readonly since: number;
  /** From then on the docket takes a complaint. */
  readonly from: number;
}

/** The guard is asked first: what it has credited by now is no longer to complain of. */
export async function findCandidates(client: Client): Promise<Result<Candidate[]>> {
  const { database, network } = client.ports;
  const windowSec = parametersOf(network)?.withdrawWindowSec ?? 0;
  const found: Candidate[] = [];
  for (const home of await database.transaction(readHomes)) {
    // Whatever it answers: what it signed before counts as well.
    await askGuard(client, home, { kind: 'account' });
    const deposits = await uncredited(client, home, windowSec);
    if (!deposits.ok) return deposits;
    found.push(...deposits.value, ...(await unpaid(client, home, windowSec)));
  }
  return ok(found);
}

async function uncredited({ ports }: Client, { guard, rail }: Home, windowSec: number): Promise<Result<Candidate[]>> {
  const newest = (await ports.database.transaction((tx) => readAccountsBy(tx, guard)))[0];
  const reader = Object.hasOwn(ports.readers, rail) ? ports.readers[rail] : undefined;
  if (newest === undefined || reader === undefined) return ok([]);
  const { destination } = newest.body;
  const history = await reader.history(destination);
  if (!history.ok) return history;
  const open = history.value.filter((one) => one.destination === destination && !isCredited(newest, one));
  return ok(
    open.map(({ payment, amount, at }) => ({
      ...{ kind: 'deposit' as const, subject: payment, guard, rail, amount, destination, since: at, from: at + windowSec },
    })),
  );
}

/** A full list names the newest alone: what is older than all of them was credited before. */
function isCredited({ body: { deposits } }: Verified<Account>, { payment, at }: IncomingPayment): boolean {
  if (deposits.some((one) => one.payment === payment)) return true;
  return deposits.length >= ACCOUNT_DEPOSITS_MAX && deposits.every((one) => one.at >= at);
}

async function unpaid({ ports }: Client, { guard, rail }: Home, windowSec: number): Promise<Candidate[]> {
  return ports.database.transaction(async (tx) => {
    const found: Candidate[] = [];
    for (const { id, home, amount, destination } of await readUnfinished(tx)) {
      const request = home === guard ? await readRequest(tx, id) : null;
      if (request === null) continue;
      const since = request.body.at;
      found.push({ kind: 'withdrawal', subject: id, guard, rail, amount, destination, since, from: since + windowSec });
    }
    return found;
  });
}
