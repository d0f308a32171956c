/*
 * The ledger role: composition only. Its database in, its public endpoints out, once the log's tree is read whole. It has no
 * jobs and sends nothing: everything happens within a request. Called by node.
 */
import { signingKey } from '../core/crypto/keys.ts';
import type { Ports, Role } from '../host/ports.ts';
import { createAccounts } from './account/flow.ts';
import { createSums } from './account/sums.ts';
import { ledgerConfig, type LedgerConfig } from './config.ts';
import { ledgerEndpoints } from './http.ts';
import { createEntryLog } from './log/flow.ts';
import { createTransfers } from './transfer/flow.ts';

export { migrations } from './migrations.ts';

export async function start(ports: Pick<Ports, 'clock' | 'database' | 'log'>, config: LedgerConfig): Promise<Role> {
  const { networkId, logSeed, mintKey } = ledgerConfig.parse(config);
  const log = createEntryLog(ports, networkId, signingKey(logSeed));
  await log.follow();
  const sums = createSums();
  const transfers = createTransfers(ports, { networkId, mintKey }, log, sums);
  ports.log.info('ledger-started', { role: 'ledger', count: Number(log.head().body.size) });
  return {
    name: 'ledger',
    endpoints: ledgerEndpoints(transfers, createAccounts(ports.database, sums), log),
    busy: () => transfers.busy(),
    nextDue: () => null,
    stop: () => transfers.drain(),
  };
}
