/*
 * The stage test:postgres: one server for all of it. With CI=true a missing server is a failure; elsewhere it says why it is skipped.
 */
import { postgresPrograms, startPostgres, type PostgresServer } from '../harness/postgres.ts';
import { databasePromises } from '../host/database-promises.ts';
import { bitcoinOnPostgres } from './bitcoin.ts';
import { familyOnPostgres } from './family.ts';
import { ledgerOnPostgres } from './ledger.ts';
import { networkOnPostgres } from './network.ts';
import { payingOnPostgres } from './paying.ts';
import { rivalsOnPostgres } from './rivals.ts';
import { settlementOnPostgres } from './settlement.ts';
import { undoAll } from '../harness/later.ts';

afterEach(undoAll);

describe('on PostgreSQL', () => {
  let server: PostgresServer | null = null;
  let failed = false;
  const running = (): PostgresServer => {
    if (server === null) throw new Error('the server runs');
    return server;
  };

  before(async function () {
    const programs = postgresPrograms();
    if (programs === null && process.env['CI'] === 'true')
      throw new Error('PostgreSQL is not installed: apt-get install postgresql');
    if (programs === null) {
      console.log('    skipped: no PostgreSQL on this machine');
      return void this.skip();
    }
    server = await startPostgres(programs);
  });

  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed';
  });

  after(async () => {
    if (failed) console.log(`the end of the server's log:\n${server?.log() ?? ''}`);
    await server?.stop();
  });

  let databases = 0;
  databasePromises('postgresql', async () => ({ url: await running().createDatabase(`promises_${(databases += 1)}`) }));
  ledgerOnPostgres(running);
  settlementOnPostgres(running);
  rivalsOnPostgres(running);
  familyOnPostgres(running);
  bitcoinOnPostgres(running);
  payingOnPostgres(running);
  networkOnPostgres(running);
});
