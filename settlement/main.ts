/*
 * The settlement role: composition only. Ports with the wallets' rails and the config in, a running role out. Called by node.
 */
import { createJobs } from '../host/jobs.ts';
import { createOutbox } from '../host/outbox.ts';
import type { Role } from '../host/ports.ts';
import { settlementKind } from './agree/flow.ts';
import type { SettlementConfig } from './config.ts';
import { appealKind, pleaKind } from './contest/appeal.ts';
import { contestKind } from './contest/file.ts';
import { watchDocket } from './contest/watch.ts';
import { settlementEndpoints } from './http.ts';
import { createIncome } from './income/flow.ts';
import { firstJobs, settlementJobs } from './jobs.ts';
import { letterKind } from './letter/flow.ts';
import { openOffice, type SettlementPorts } from './office.ts';
import { outcomeKind } from './outcome/flow.ts';
import { createPayouts } from './payout/flow.ts';
import { noticeKind, receiptKind } from './receipt/flow.ts';
import { recallKind } from './recall/flow.ts';
import { statementKind } from './statement/flow.ts';

export { migrations } from './migrations.ts';
export type { SettlementConfig } from './config.ts';
export type { OwnRail, SettlementPorts, SweepRules } from './office.ts';

/** A lease lasts as long at most: who waits for it takes over what a process that was stopped had begun. */
const SHARED_SEC = 30;

export async function start(ports: SettlementPorts, config: SettlementConfig): Promise<Role> {
  const office = openOffice(ports, config, {
    put: (tx, message) => outbox.put(tx, message),
    putAll: (tx, messages) => outbox.putAll(tx, messages),
    schedule: (tx, name, due) => jobs.schedule(tx, name, due),
  });
  const income = createIncome(office);
  const outbox = createOutbox(ports, {
    statement: statementKind(office),
    settlement: settlementKind(office),
    letter: letterKind(office),
    notice: noticeKind(office),
    receipt: receiptKind(office),
    recall: recallKind(office),
    outcome: outcomeKind(office),
    contest: contestKind(office),
    plea: pleaKind(office),
    appeal: appealKind(office),
  });
  const payouts = createPayouts(office);
  const jobs = createJobs(ports, settlementJobs(office, income, payouts), { sharedSec: SHARED_SEC });
  await jobs.start(firstJobs(ports.clock.now()));
  const docket = watchDocket(office);
  ports.log.info('settlement-started', { role: 'settlement', relay: office.me });
  return {
    name: 'settlement',
    relay: office.me,
    sealing: office.sealing,
    endpoints: settlementEndpoints(office, income, payouts),
    busy: () => jobs.busy() || outbox.busy() || docket.busy(),
    nextDue: () => soonest(jobs.nextDue(), outbox.nextDue()),
    async stop() {
      await docket.stop();
      await Promise.all([jobs.stop(), outbox.stop()]);
    },
  };
}

function soonest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
