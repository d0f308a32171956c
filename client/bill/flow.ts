/*
 * `ptg bills`: an interval in (the running one and the one before where none is named); each guard's signed bill, checked, out.
 */
import { verify, type Signed } from '../../core/crypto/sign.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { keySetFor } from '../../core/wire/descriptor.ts';
import type { Bill } from '../../core/wire/guard.ts';
import { askGuard } from '../account/ask.ts';
import { readHomes, type Home } from '../account/store.ts';
import { intervalNow, type Client } from '../context.ts';
import { clientRefusals } from '../refusals.ts';
import { readSigned } from '../tally/store.ts';

const refuse = refuser(clientRefusals);

export interface BillShown {
  readonly bill: Signed<Bill>;
  /** Of its charge, what the tally that both signed says. */
  readonly signed: bigint;
}

export interface Bills {
  list(input: { interval?: number | undefined }): Promise<Result<{ bills: BillShown[] }>>;
}

export function createBills(client: Client): Bills {
  const { database, network, clock } = client.ports;

  async function list({ interval }: { interval?: number | undefined }): Promise<Result<{ bills: BillShown[] }>> {
    const homes = await database.transaction(readHomes);
    if (homes.length === 0) return refuse('client-no-account', 'any guard');
    const running = intervalNow(network, clock.now());
    const intervals = interval === undefined ? [running - 1, running].filter((one) => one >= 0) : [interval];
    const bills: BillShown[] = [];
    for (const home of homes) {
      for (const one of intervals) {
        const bill = await fetch(home, one);
        // Of an interval from before the guard knew the network there is none.
        if (!bill.ok && bill.refusal.code === 'request-unknown-terms' && interval === undefined) continue;
        if (!bill.ok) return bill;
        bills.push(bill.value);
      }
    }
    return ok({ bills });
  }

  async function fetch(home: Home, interval: number): Promise<Result<BillShown>> {
    const asked = await askGuard(client, home, { kind: 'bill', interval });
    if (!asked.ok) return asked;
    const { bill } = asked.value.answer;
    const key = bill === null ? null : (keySetFor(asked.value.by.descriptor, bill.body.guardKey, interval)?.guard ?? null);
    const verified = bill === null || key === null ? null : verify('bill', network.network.networkId, bill, key);
    const isOurs =
      verified !== null &&
      verified.body.guard === home.guard &&
      verified.body.subscriber === client.key.publicKey &&
      verified.body.interval === interval;
    if (verified === null || !isOurs) return refuse('bill-wrong', `interval ${interval}`);
    const signed = await database.transaction((tx) => readSigned(tx, home.guard, interval));
    return ok({ bill: { body: verified.body, signature: verified.signature }, signed: signed?.tally.body.amount ?? 0n });
  }

  return { list };
}
