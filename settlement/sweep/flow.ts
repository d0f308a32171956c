/*
 * Sweeping: what the wallet holds above what the operator keeps there, what falls due and what subscribers may withdraw → an order, written
 * down → paid by the payout machinery, after everything else → booked. One at a time; whatever it was written by, it is dropped where it
 * is not spare any more and has not left. Called by the `payments` job, before and after it pays.
 */
import { z } from 'zod';
import { ok, type Result } from '../../core/refusal.ts';
import { signedUnits } from '../../core/wire/field.ts';
import type { Tx } from '../../host/ports.ts';
import { showDryRun } from '../dryrun/flow.ts';
import { runningInterval, scheduleFor, type Office, type OwnRail } from '../office.ts';
import type { PairState } from '../pair/decide.ts';
import { readFiguresIn } from '../pair/store.ts';
import { hasIntentsOn } from '../payout/store.ts';
import { hasPassed, readNewestInterval } from '../period/store.ts';
import { readOrders } from '../withdraw/store.ts';
import { restOf, spareOf, type Purse } from './decide.ts';
import { dropSweep, insertSweep, readNextNumber, readOpenSweeps } from './store.ts';

/** One that is written down and has not left is looked at again: it goes only if it is still spare. */
export async function reviewSweep(office: Office, own: OwnRail): Promise<void> {
  const { database } = office.ports;
  const open = (await database.transaction(readOpenSweeps)).find((one) => one.rail === own.wallet.rail);
  if (open?.state !== 'accepted') return;
  const purse = await purseOf(office, own);
  if (purse !== null && restOf(purse) >= open.amount) return;
  await database.transaction((tx) => dropSweep(tx, open.id));
}

/** True where a new one has been written down. Nothing while something else is under way on the rail. */
export async function writeSweep(office: Office, own: OwnRail): Promise<boolean> {
  const { database, clock, entropy } = office.ports;
  const { wallet, sweep } = own;
  if (sweep === undefined || !(await isAfterBst(office)) || (await database.transaction((tx) => isBusy(office, tx, wallet.rail))))
    return false;
  const purse = await purseOf(office, own);
  const amount = purse === null ? null : spareOf(purse);
  const place = amount === null ? null : await freshPlace(office, own);
  if (amount === null || place === null || !own.reader.isDestination(place.destination, amount)) return false;
  const id = Buffer.from(entropy.bytes(16)).toString('hex');
  const order = { kind: 'send', state: 'accepted', payment: null, fee: 0n, askedAt: clock.now() } as const;
  return database.transaction(async (tx) => {
    // Another process on this database may have been quicker.
    if ((await isBusy(office, tx, wallet.rail)) || (await readNextNumber(tx, wallet.rail)) > place.number) return false;
    await insertSweep(tx, { ...order, id, rail: wallet.rail, destination: place.destination, amount }, place.number);
    return true;
  });
}

/** The newest settlement time has come, and its payouts were begun. Before the first one there are no earnings. */
async function isAfterBst(office: Office): Promise<boolean> {
  const now = office.ports.clock.now();
  let newest = runningInterval(office) ?? -1;
  while (newest >= 0 && (scheduleFor(office, newest)?.bst ?? Infinity) > now) newest -= 1;
  return newest >= 0 && (await office.ports.database.transaction((tx) => hasPassed(tx, newest, 'bst')));
}

const underWay: readonly PairState[] = ['due', 'awaiting', 'paying', 'received'];

/** After the payouts of a settlement time, and when its income has come or its window is over: one sweep, not one a payment. */
async function isBusy(office: Office, tx: Tx, rail: string): Promise<boolean> {
  const now = office.ports.clock.now();
  const expected = (await readFiguresIn(tx, ['claimed', 'expecting'])).filter(({ interval, amount }) => {
    const { bst = now, paymentEnd = now } = scheduleFor(office, interval) ?? {};
    return amount > 0n && bst <= now && now < paymentEnd;
  });
  const pairs = [...(await readFiguresIn(tx, underWay)), ...expected];
  const orders = [...(await readOrders(tx, 'accepted')), ...(await readOrders(tx, 'sent'))];
  return [...pairs, ...orders].some((one) => one.rail === rail) || (await hasIntentsOn(tx, rail));
}

/** Of a database that came out of a backup the next number may have been used: the wallet knows what it has paid. */
async function freshPlace(
  { ports }: Office,
  { wallet, sweep }: OwnRail,
): Promise<{ number: number; destination: string } | null> {
  const first = await ports.database.transaction((tx) => readNextNumber(tx, wallet.rail));
  for (let number = first; number < first + PLACES_MAX; number++) {
    const destination = sweep?.destination(number) ?? '';
    const sent = sweep?.isFresh === true ? await wallet.sentTo([destination]) : ok([]);
    if (!sent.ok) return null;
    if (sent.value.length === 0) return { number, destination };
  }
  return null;
}

const PLACES_MAX = 50;

/** Null where something of it cannot be known now: then nothing is swept. */
async function purseOf(office: Office, { wallet, sweep }: OwnRail): Promise<Purse | null> {
  if (sweep === undefined) return null;
  const [balance, fee] = [await wallet.balance(), await wallet.quote(1)];
  const due = await dueOn(office, wallet.rail);
  const owed = sweep.hasSubscribers ? await owedTo(office, wallet.rail) : ok(0n);
  if (!balance.ok || !fee.ok || !due.ok || !owed.ok) return null;
  return { balance: balance.value, fee: fee.value, above: sweep.above, due: due.value, owed: owed.value };
}

const owing: readonly PairState[] = ['stated', 'agreed', 'manual', 'due', 'awaiting', 'lapsed'];

/** By what is reckoned; and by the IOUs as they stand, of each interval that is not. */
async function dueOn(office: Office, rail: string): Promise<Result<bigint>> {
  const { database } = office.ports;
  const running = runningInterval(office);
  const known = await database.transaction(async (tx) => ({
    pairs: await readFiguresIn(tx, owing),
    unreckoned: (await readFiguresIn(tx, ['open'])).map((one) => one.interval),
    orders: await readOrders(tx, 'accepted'),
    sweeps: new Set((await readOpenSweeps(tx)).map((one) => one.id)),
    newest: await readNewestInterval(tx),
  }));
  const intervals = new Set(known.unreckoned);
  for (let one = known.newest ?? running ?? 0; one <= (running ?? -1); one++) intervals.add(one);
  let due = [
    ...known.pairs.filter((one) => one.side === 'debtor' && one.rail === rail),
    ...known.orders.filter((one) => one.rail === rail && !known.sweeps.has(one.id)),
  ].reduce((sum, { amount }) => sum + amount, 0n);
  for (const interval of intervals) {
    const shown = await showDryRun(office, { interval });
    if (!shown.ok) return shown;
    const sums = shown.value.sums[rail];
    due += (sums?.pay ?? 0n) + (sums?.fee ?? 0n);
  }
  return ok(due);
}

const guardShown = z.looseObject({ rails: z.array(z.looseObject({ rail: z.string(), owed: signedUnits })) });

async function owedTo({ ports }: Office, rail: string): Promise<Result<bigint>> {
  const shown = await ports.http.local('guard', '/guard/status', undefined, guardShown);
  return shown.ok ? ok(shown.value.rails.find((one) => one.rail === rail)?.owed ?? 0n) : shown;
}
