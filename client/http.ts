/*
 * The client's endpoints, one for each command: method, path, schema, flow. All for its owner's own machine.
 */
import { z } from 'zod';
import type { Result } from '../core/refusal.ts';
import { destination, interval, railName, units } from '../core/wire/field.ts';
import type { Endpoint } from '../host/ports.ts';
import type { Accounts } from './account/flow.ts';
import type { Backups } from './backup/flow.ts';
import { BACKUP_CHARS_MAX } from './backup/seal.ts';
import type { Bills } from './bill/flow.ts';
import type { Complaints } from './complaint/flow.ts';
import type { Deposits } from './deposit/flow.ts';
import type { Withdrawals } from './withdraw/flow.ts';

export interface ClientCalls {
  readonly accounts: Accounts;
  readonly deposits: Deposits;
  readonly withdrawals: Withdrawals;
  readonly bills: Bills;
  readonly backups: Backups;
  readonly complaints: Complaints;
  guards(): Promise<Result<unknown>>;
  sign(): Promise<Result<unknown>>;
}

/** A nickname or an id. */
const guard = z.string().min(1).max(64);
const passphrase = z.string().min(1).max(1000);
const nothing = z.strictObject({});
const ofSubscribe = z.strictObject({ guard, rail: railName.optional(), withoutFlag: z.boolean().optional() });
const ofGuard = z.strictObject({ guard: guard.optional() });
const ofDeposit = z.strictObject({ amount: units, guard: guard.optional() });
const ofWithdraw = z.strictObject({ amount: units, destination: destination.optional(), guard: guard.optional() });
const ofBills = z.strictObject({ interval: interval.optional() });
const ofComplain = z.strictObject({
  kind: z.enum(['deposit', 'withdrawal']),
  subject: z.string().min(1).max(200),
  confirm: z.boolean(),
});
const ofBackup = z.strictObject({ passphrase });
const ofRestore = z.strictObject({ file: z.string().max(BACKUP_CHARS_MAX), passphrase });

export function clientEndpoints(calls: ClientCalls): readonly Endpoint[] {
  return [
    command('account', nothing, () => calls.accounts.show()),
    command('guards', nothing, () => calls.guards()),
    command('subscribe', ofSubscribe, (input) => calls.accounts.subscribe(input)),
    command('deposit', ofDeposit, (input) => calls.deposits.make(input)),
    command('deposits', nothing, () => calls.deposits.list()),
    command('balance', ofGuard, (input) => calls.accounts.balance(input)),
    command('bills', ofBills, (input) => calls.bills.list(input)),
    command('sign', nothing, () => calls.sign()),
    command('withdraw', ofWithdraw, (input) => calls.withdrawals.make(input)),
    command('withdrawals', nothing, () => calls.withdrawals.list()),
    command('complain', ofComplain, (input) => calls.complaints.complain(input)),
    command('complaints', nothing, () => calls.complaints.list()),
    command('claims', nothing, () => calls.complaints.candidates()),
    command('backup', ofBackup, (input) => calls.backups.make(input)),
    { ...command('restore', ofRestore, (input) => calls.backups.restore(input)), bodyMax: BACKUP_CHARS_MAX + 4096 },
  ];
}

function command<S extends z.ZodType>(name: string, input: S, answer: (input: z.infer<S>) => Promise<Result<unknown>>): Endpoint {
  return { method: 'POST', path: `/client/${name}`, access: 'local', tag: name, input, answer };
}
