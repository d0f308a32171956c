/*
 * Deposits: what a wallet shows in; rows that balances are summed from out. Reads on from a stored place, which moves on only
 * over payments that are final. Run by a job, and when a subscriber asks for its account.
 */
import { inTurn } from '../../host/in-turn.ts';
import type { Receiving } from '../../rail/rail.ts';
import { parametersOf, type Guard } from '../context.ts';
import { countAccounts } from '../account/store.ts';
import { depositsOf } from './decide.ts';
import { deleteUnconfirmed, readOwners, readPlace, readUnconfirmed, saveDeposit, savePlace, type Watched } from './store.ts';

export interface Deposits {
  /** Looks now, in a round that begins after this call. */
  look(): Promise<void>;
  /** The job. */
  run(now: number): Promise<number | null>;
}

export function createDeposits(guard: Guard): Deposits {
  const { database, log, network } = guard.ports;
  const turn = inTurn();
  let next: Promise<void> | null = null;

  /** However many ask at once: one round runs and one waits. */
  function look(): Promise<void> {
    next ??= turn(async () => {
      next = null;
      for (const receiving of guard.ports.receiving) await watch(receiving);
    });
    return next;
  }

  async function watch(receiving: Receiving): Promise<void> {
    const watched: Watched = { rail: receiving.rail, wallet: receiving.fallback() };
    const start = await database.transaction((tx) => readPlace(tx, watched));
    const seen = new Set<string>();
    let place = start;
    let stored: string | null = start;
    for (;;) {
      const page = await receiving.incoming(place);
      if (!page.ok) return log.warn('deposits-not-read', { role: 'guard', code: page.refusal.code });
      for (const one of page.value.payments) seen.add(one.payment);
      stored = await save(watched, page.value.payments, stored, page.value.cursor);
      if (page.value.cursor === place) break;
      place = page.value.cursor;
    }
    await dropVanished(watched, seen);
  }

  /** Answers how far is stored, or null once something before it is not final. */
  async function save(watched: Watched, payments: Parameters<typeof depositsOf>[0], stored: string | null, cursor: string) {
    return database.transaction(async (tx) => {
      const owners = await readOwners(
        tx,
        payments.map((one) => one.destination),
      );
      const page = depositsOf(payments, owners, guard.config.confirmations[watched.rail] ?? 1);
      for (const deposit of page.deposits) await saveDeposit(tx, watched, deposit);
      if (stored === null || !page.isFinal) return null;
      if (cursor !== stored) await savePlace(tx, watched, stored, cursor);
      return cursor;
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
    async run(now) {
      const parameters = parametersOf(network);
      // Scheduled again by the first subscription, or by the first consensus.
      if (parameters === null || (await database.transaction(countAccounts)) === 0) return null;
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
