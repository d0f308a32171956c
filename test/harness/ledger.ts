/*
 * A running ledger role for tests: its database (in memory, or a place of one's own), a driven clock, and its endpoints served over
 * HTTP on loopback. Whoever starts one stops it.
 */
import { sign } from '../../core/crypto/sign.ts';
import type { SigningKey } from '../../core/crypto/keys.ts';
import type { SignedTransfer, TransferOutput } from '../../core/wire/ledger.ts';
import type { Network } from '../../core/wire/network.ts';
import { drivenClock, type DrivenClock } from '../../host/clock.ts';
import { openDatabase, type DatabasePlace } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient } from '../../host/http/client.ts';
import { serve } from '../../host/http/serve.ts';
import { silentLog } from '../../host/log.ts';
import type { Database, HttpClient, Role } from '../../host/ports.ts';
import { migrations, start } from '../../ledger/main.ts';
import { networkId, testKey, testSeed } from './view.ts';

export interface TestLedger {
  /** Its ledger is this one; log and mint keys are testKey('log') and testKey('mint'). */
  readonly network: Network;
  readonly http: HttpClient;
  readonly clock: DrivenClock;
  readonly role: Role;
  readonly database: Database;
  stop(): Promise<void>;
}

/** `around` may put something between role and database: a fault. */
export async function runLedger(
  place: DatabasePlace = { file: ':memory:' },
  around: (database: Database) => Database = (database) => database,
): Promise<TestLedger> {
  const entropy = seededEntropy('ledger test');
  const log = silentLog();
  const clock = drivenClock(1_000_000);
  const database = await openDatabase(place, migrations, 'ledger');
  const config = { networkId, logSeed: testSeed('log'), mintKey: testKey('mint').publicKey };
  const role = await start({ clock, database: around(database), log }, config);
  const served = await serve({ roles: [role], host: '127.0.0.1', port: 0, log, networkId, entropy, senderKey: () => null });
  const http = createHttpClient({ networkId, entropy });
  return {
    network: {
      networkId,
      authorities: [{ name: 'auth', key: testKey('authority').publicKey, url: 'http://127.0.0.1:1' }],
      ledger: { url: served.url, logKey: testKey('log').publicKey, mintKey: testKey('mint').publicKey },
    },
    http,
    clock,
    role,
    database,
    async stop() {
      await http.close();
      await served.close();
      await role.stop();
      await database.close();
    },
  };
}

export function signTransfer(key: SigningKey, number: bigint, id: string, outputs: readonly TransferOutput[]): SignedTransfer {
  return sign('transfer', networkId, { from: key.publicKey, number, id, outputs: [...outputs] }, key);
}
