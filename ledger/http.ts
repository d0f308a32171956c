/*
 * The ledger's endpoints: method, path, schema, flow. All public: the ledger is a public record, and a transfer's signature is
 * its authority.
 */
import { z } from 'zod';
import { TRANSFER_BYTES_MAX } from '../core/limits.ts';
import { ok } from '../core/refusal.ts';
import { hex16, hex32, units } from '../core/wire/field.ts';
import { signedTransfer, type SignedTransfer } from '../core/wire/ledger.ts';
import { readings } from '../host/http/reading.ts';
import type { Endpoint } from '../host/ports.ts';
import type { Accounts } from './account/flow.ts';
import type { EntryLog } from './log/flow.ts';
import type { Transfers } from './transfer/flow.ts';

const after = units.default(0n);
const ofAccount = z.strictObject({ account: hex32 });
const ofIncoming = z.strictObject({ account: hex32, after });
const ofDestination = z.strictObject({ to: hex32, ref: hex16, after });
const ofEntry = z.strictObject({ position: units });
const ofConsistency = z.strictObject({ from: units, to: units });

const read = readings('ledger');

export function ledgerEndpoints(transfers: Transfers, accounts: Accounts, log: EntryLog): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/ledger/transfers',
      access: 'public',
      tag: 'transfer',
      input: signedTransfer,
      bodyMax: TRANSFER_BYTES_MAX,
      answer: (input: SignedTransfer) => transfers.take(input),
    },
    read('/ledger/accounts/:account', ofAccount, (input) => accounts.show(input.account)),
    read('/ledger/accounts/:account/incoming', ofIncoming, (input) => accounts.incoming(input.account, input.after)),
    read('/ledger/destinations/:to/:ref', ofDestination, (input) => accounts.destination(input.to, input.ref, input.after)),
    read('/ledger/entries/:position/proof', ofEntry, (input) => log.prove(input.position)),
    read('/ledger/head', z.strictObject({}), async () => ok(log.head())),
    read('/ledger/consistency', ofConsistency, async (input) => log.consistency(input.from, input.to)),
  ];
}
