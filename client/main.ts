/*
 * The client role: composition only. A subscriber's accounts at its guards, its own count of what it used, its money in and out.
 * Called by node.
 */
import { signingKey } from '../core/crypto/keys.ts';
import { ok } from '../core/refusal.ts';
import { createJobs } from '../host/jobs.ts';
import type { Role } from '../host/ports.ts';
import { createAccounts } from './account/flow.ts';
import { createBackups } from './backup/flow.ts';
import { createBills } from './bill/flow.ts';
import { createComplaints } from './complaint/flow.ts';
import { clientConfig, type ClientConfig } from './config.ts';
import type { Client, ClientPorts } from './context.ts';
import { createDeposits } from './deposit/flow.ts';
import { listGuards } from './guards/flow.ts';
import { clientEndpoints } from './http.ts';
import { clientJobs } from './jobs.ts';
import { createTallies } from './tally/flow.ts';
import { createWithdrawals } from './withdraw/flow.ts';

export { migrations } from './migrations.ts';
export type { ClientPorts } from './context.ts';
export type { ClientConfig } from './config.ts';

export async function start(ports: ClientPorts, config: ClientConfig): Promise<Role> {
  const { seed, tallyStepBytes } = clientConfig.parse(config);
  const client: Client = { ports, key: signingKey(seed), schedule: (tx, job, due) => jobs.schedule(tx, job, due) };
  const accounts = createAccounts(client);
  const deposits = createDeposits(client, accounts);
  const withdrawals = createWithdrawals(client, accounts);
  const bills = createBills(client);
  const tallies = createTallies(client, tallyStepBytes);
  const backups = createBackups(client, seed, tallies.load);
  const complaints = createComplaints(client);
  const jobs = createJobs(
    ports,
    clientJobs({ tallies: tallies.run, deposits: deposits.run, withdrawals: withdrawals.run, complaints: complaints.run }),
  );
  await tallies.load();
  const now = ports.clock.now();
  await jobs.start({ tallies: now, deposits: now, withdrawals: now, complaints: now });

  const undo = [
    ports.transport?.onReading(tallies.read),
    ports.transport?.onWarned?.(({ code }) => ports.log.warn('session-warning', { role: 'client', code })),
    // The guard's own words, for whoever wonders why nothing goes through.
    ports.transport?.onEnded(({ reason }) => ports.log.warn('session-ended', { role: 'client', error: reason.slice(0, 200) })),
  ];
  return {
    name: 'client',
    endpoints: clientEndpoints({
      ...{ accounts, deposits, withdrawals, bills, backups, complaints },
      guards: () => listGuards(client),
      sign: async () => ok({ signed: await tallies.sign() }),
    }),
    busy: () => jobs.busy() || tallies.busy(),
    nextDue: () => jobs.nextDue(),
    async stop() {
      for (const one of undo) one?.();
      await jobs.stop();
      await tallies.end();
    },
  };
}
