/*
 * Deposits: what a wallet shows in; rows that balances are summed from out. Reads on from a stored place, which moves on only
 * over payments that are final, and back where a rail undoes its blocks. Run by a job, and when a subscriber asks for its account.
 */
import type { Refusal, Result } from '../../core/refusal.ts';
import { inTurn } from '../../host/in-turn.ts';
import { parametersOf } from '../../host/network/prices.ts';
import type { Tx } from '../../host/ports.ts';
import type { IncomingPage, Receiving } from '../../rail/rail.ts';
import type { Guard } from '../context.ts';
import type { Accounts } from '../account/flow.ts';
import { countAccounts } from '../account/store.ts';
import { depositsOf, undoneBy, type Deposit } from './decide.ts';
import {
  deleteUnconfirmed,
  isCredited,
  readCredited,
  readOwners,
  readPlace,
  readUnconfirmed,
  readUnsaid,
  saveCredit,
  saveDeposit,
  savePlace,
  takeBack,
  type Watched,
} from './store.ts';

export interface Deposits {
  /** Looks now, in a round that begins after this call. */
  look(): Promise<void>;
  /** One payment to a subscriber's own destination that no round has shown: in the destination's history, credited when confirmed. */
  find(subscriber: string, wanted: Wanted): Promise<void>;
  /** By what the last round found. */
  unread(): readonly Unread[];
  /** The job. */
  run(now: number): Promise<number | null>;
}

/** A rail whose deposits cannot be read now, for what reason, since when. */
export interface Unread {
  readonly rail: string;
  readonly since: number;
  readonly refusal: Refusal;
}

export interface Wanted {
  readonly rail: string;
  readonly destination: string;
  readonly payment: string;
}

/** Accounts signed in one transaction. */
const CREDITS_MAX = 50;

export function createDeposits(guard: Guard, accounts: Pick<Accounts, 'sign'>): Deposits {
  const { database, log, network, clock } = guard.ports;
  const turn = inTurn();
  const unread = new Map<string, Unread>();
  let next: Promise<void> | null = null;

  /** However many ask at once: one round runs and one waits. */
  function look(): Promise<void> {
    next ??= turn(async () => {
      next = null;
      for (const receiving of guard.ports.receiving) await watch(receiving);
      await sayCredited();
    });
    return next;
  }

  /** Rails read to their end since the start. */
  const read = new Set<string>();

  /** In the first round since the start all deposits are looked through, then those of lately. */
  let saidFrom = 0;

  /** An account names the newest deposits: one that a subscriber may complain of later is signed while it stands there. */
  async function sayCredited(): Promise<void> {
    const parameters = parametersOf(network);
    if (parameters === null) return;
    for (let count = CREDITS_MAX; count === CREDITS_MAX;) {
      count = await database.transaction(async (tx) => {
        const unsaid = await readUnsaid(tx, guard.config.id, saidFrom, CREDITS_MAX);
        for (const one of unsaid) await saveCredit(tx, one, await accounts.sign(tx, one.subscriber));
        return unsaid.length;
      });
    }
    saidFrom = clock.now() - 2 * parameters.withdrawWindowSec;
  }

  async function watch(receiving: Receiving): Promise<void> {
    const watched: Watched = { rail: receiving.rail, wallet: receiving.fallback() };
    const start = await database.transaction((tx) => readPlace(tx, watched));
    const seen = new Set<string>();
    let place = start;
    let stored: string | null = start;
    for (;;) {
      const page = await receiving.incoming(place);
      if (!heard(receiving.rail, page)) return;
      for (const one of page.value.payments) seen.add(one.payment);
      stored = await save(watched, page.value, stored);
      if (page.value.cursor === place) break;
      place = page.value.cursor;
    }
    await dropVanished(watched, seen);
    read.add(receiving.rail);
  }

  function heard<T>(rail: string, page: Result<T>): page is Extract<Result<T>, { ok: true }> {
    if (page.ok) {
      unread.delete(rail);
      return true;
    }
    const since = unread.get(rail)?.since ?? clock.now();
    unread.set(rail, { rail, since, refusal: page.refusal });
    log.warn('deposits-not-read', { role: 'guard', code: page.refusal.code });
    return false;
  }

  /** Answers how far is stored, or null once something before it is not final. */
  async function save(watched: Watched, { payments, cursor, blocks }: IncomingPage, stored: string | null) {
    return database.transaction(async (tx) => {
      const owners = await readOwners(
        tx,
        payments.map((one) => one.destination),
      );
      const page = depositsOf(payments, owners, guard.config.confirmations[watched.rail] ?? 1);
      // In the transaction that moves the place: who is killed here undoes it again, or finds it undone.
      if (blocks !== undefined) await takeBackUndone(tx, watched, blocks, page.deposits);
      for (const deposit of page.deposits) await saveDeposit(tx, watched, deposit);
      if (stored === null || !page.isFinal) return null;
      if (cursor !== stored) await savePlace(tx, watched, stored, cursor);
      return cursor;
    });
  }

  /** A reorganisation after the credit: the balance may fall below zero, and what it pays for ends (session/flow.ts). */
  async function takeBackUndone(
    tx: Tx,
    watched: Watched,
    blocks: NonNullable<IncomingPage['blocks']>,
    shown: readonly Deposit[],
  ): Promise<void> {
    const undone = undoneBy(await readCredited(tx, watched, blocks), shown);
    for (const one of undone) await takeBack(tx, watched, one, clock.now());
    if (undone.length > 0) tx.onCommit(() => log.warn('deposits-undone', { role: 'guard', count: undone.length }));
  }

  async function find(subscriber: string, { rail, destination, payment }: Wanted): Promise<void> {
    const { receiving: ways, readers = {} } = guard.ports;
    const receiving = ways.find((one) => one.rail === rail);
    const reader = Object.hasOwn(readers, rail) ? readers[rail] : undefined;
    if (receiving === undefined || reader === undefined) return;
    if (await database.transaction((tx) => isCredited(tx, subscriber, rail, payment))) return;
    const history = await reader.history(destination);
    if (!history.ok) return log.warn('deposits-not-read', { role: 'guard', code: history.refusal.code });
    const paid = history.value.filter((one) => one.payment === payment && one.destination === destination);
    await database.transaction(async (tx) => {
      const owners = await readOwners(tx, [destination]);
      const { deposits } = depositsOf(paid, owners, guard.config.confirmations[rail] ?? 1);
      const watched = { rail, wallet: receiving.fallback() };
      // An unconfirmed one would be dropped by the next round, which does not see it.
      for (const one of deposits) if (one.confirmed && one.subscriber === subscriber) await saveDeposit(tx, watched, one);
    });
  }

  /** An unconfirmed payment may leave its rail again. All of them lie behind the stored place, so each round sees them. */
  async function dropVanished(watched: Watched, seen: ReadonlySet<string>): Promise<void> {
    await database.transaction(async (tx) => {
      for (const payment of await readUnconfirmed(tx, watched)) {
        if (!seen.has(payment)) await deleteUnconfirmed(tx, watched, payment);
      }
    });
  }

  return {
    look,
    find,
    unread: () => [...unread.values()],
    async run(now) {
      const parameters = parametersOf(network);
      // Scheduled again by the first consensus.
      if (parameters === null) return null;
      // Or by the first subscription; but a restored wallet gives out no address before it was read.
      const isRead = guard.ports.receiving.every((one) => read.has(one.rail));
      if (isRead && (await database.transaction(countAccounts)) === 0) return null;
      await look();
      return pollAfter(parameters, now);
    },
  };
}

/** Thrice a consensus, at seconds that all guards share: a rail is asked at the same moments by everybody. */
export function pollAfter(parameters: { readonly genesis: number; readonly consensusSec: number }, now: number): number {
  const every = Math.max(1, Math.floor(parameters.consensusSec / 3));
  return parameters.genesis + (Math.floor((now - parameters.genesis) / every) + 1) * every;
}
