/*
 * The guard role: composition only. Meters subscribers' traffic against prepaid balances, takes deposits, signs accounts and
 * tallies, pays withdrawals through settlement. Called by node.
 */
import { createJobs } from '../host/jobs.ts';
import { errorText } from '../host/log.ts';
import type { Role } from '../host/ports.ts';
import { createAccounts } from './account/flow.ts';
import { createBills } from './bill/flow.ts';
import { createComplaints } from './complaint/flow.ts';
import { guardConfig, type GuardSettings } from './config.ts';
import { createTurns, type Guard, type GuardPorts } from './context.ts';
import { createDeposits } from './deposit/flow.ts';
import { guardEndpoints } from './http.ts';
import { guardJobs } from './jobs.ts';
import { createKeys } from './keys.ts';
import { guardPages } from './pages/pay.ts';
import { createOffers } from './offer/flow.ts';
import { createRequests } from './request/flow.ts';
import { createSessions } from './session/flow.ts';
import { createLive } from './session/live.ts';
import { createTallies } from './tally/flow.ts';
import { createWithdrawals } from './withdraw/flow.ts';

export { migrations } from './migrations.ts';
export type { GuardPorts } from './context.ts';
export type { GuardSettings } from './config.ts';

export async function start(ports: GuardPorts, settings: GuardSettings): Promise<Role> {
  const config = guardConfig.parse(settings);
  const keys = createKeys(config, ports.network);
  const turns = createTurns();
  const guard: Guard = {
    ports,
    config,
    keys,
    turns,
    live: createLive(),
    schedule: (tx, job, due) => jobs.schedule(tx, job, due),
  };
  const accounts = createAccounts(guard);
  const deposits = createDeposits(guard, accounts);
  const tallies = createTallies(guard);
  const withdrawals = createWithdrawals(guard);
  const bills = createBills(guard);
  const sessions = createSessions(guard, tallies);
  const complaints = createComplaints(guard, { accounts, deposits, tallies, withdrawals });
  const request = createRequests(guard, { accounts, deposits, tallies, withdrawals, bills });
  const jobs = createJobs(
    ports,
    guardJobs({ deposits: deposits.run, usage: sessions.run, withdrawals: withdrawals.run, complaints: complaints.run }),
  );
  const now = ports.clock.now();
  await jobs.start({ deposits: now, withdrawals: now, complaints: now });

  let pending = 0;
  const background = (work: Promise<unknown>) => {
    pending++;
    work
      .catch((thrown: unknown) => ports.log.error('guard-failed', { role: 'guard', error: errorText(thrown) }))
      .finally(() => pending--);
  };
  // Before the first consensus the jobs find nothing to do.
  const undoConsensus = ports.network.onConsensus(() =>
    background(
      ports.database.transaction(async (tx) => {
        for (const job of ['deposits', 'complaints']) await jobs.schedule(tx, job, ports.clock.now());
      }),
    ),
  );
  const undoTransport = [
    ports.transport.onOpen(sessions.open),
    ports.transport.onAllow(sessions.allow),
    ports.transport.onReading(sessions.read),
    ports.transport.onAsk?.(request),
    ports.transport.onClose((connection) => background(sessions.close(connection))),
  ];
  return {
    name: 'guard',
    endpoints: guardEndpoints({
      request,
      shortfall: sessions.shortfall,
      complained: complaints.noticed,
      ...createOffers(guard, sessions.count, deposits.unread),
    }),
    pages: guardPages(ports.readers ?? {}),
    sealing: keys.sealing,
    relay: config.id,
    busy: () => jobs.busy() || turns.count() + pending > 0,
    nextDue: () => jobs.nextDue(),
    async stop() {
      for (const undo of [undoConsensus, ...undoTransport]) undo?.();
      await jobs.stop();
      await sessions.writeAll();
    },
  };
}
